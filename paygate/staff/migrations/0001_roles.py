"""The roles, as groups: what each may look at and do."""

from django.db import migrations

from paygate.staff.grants import grants


def _look(app, *models):
    return [f"{app}.view_{model}" for model in models]


PAYMENTS = [*_look("payments", "payment", "refund", "attempt"), *_look("fx", "quote")]
DISPUTES = _look("disputes", "dispute", "case", "report", "movement", "round", "evidence", "act")
MERCHANTS = _look("merchants", "merchant", "paymentmethod")
NOTICES = _look("merchants", "webhookendpoint", "notice", "noticeattempt")
TERMS = [*_look("merchants", "feeplan"), *_look("funds", "terms", "businessday", "due", "reserve")]
EVENTS = _look("webhooks", "pspevent")
APPROVALS = _look("approvals", "request")
ROUTING = _look("routing", "routingweight")
COSTS = _look("costs", "pspprice", "paymentcost", "pspcharge")
BOOKS = [
    *_look("ledger", "ledgeraccount", "ledgertransaction", "ledgerentry"),
    *_look("proof", "run"),
]
CURRENCIES = _look("fx", "rate", "feed")
PAYOUTS = _look(
    *(
        "payouts",
        "payout",
        "batch",
        "act",
        "destination",
        "schedule",
        "bankfile",
        "report",
        "reportexception",
    )
)
RECONCILIATION = _look("reconciliation", "order", "statement", "batch", "break", "note")
AUDIT = _look("kernel", "entry")
STAFF = _look("auth", "user", "group")
KEYS = _look("merchants", "apikey")
EVERYTHING = [
    *(*PAYMENTS, *DISPUTES, *MERCHANTS, *NOTICES, *TERMS, *EVENTS, *APPROVALS, *ROUTING, *COSTS),
    *(*BOOKS, *CURRENCIES, *PAYOUTS, *RECONCILIATION, *AUDIT, *STAFF, *KEYS),
]

SUPPORT = [
    *(*PAYMENTS, *DISPUTES, *MERCHANTS, *NOTICES, *EVENTS, *APPROVALS),
    *("payments.refund", "payments.capture", "payments.cancel", "payments.look_up"),
    *("disputes.answer", "merchants.change_notice"),
]
FINANCE = [
    *(*PAYMENTS, *DISPUTES, *MERCHANTS, *TERMS, *APPROVALS, *COSTS),
    *(*BOOKS, *CURRENCIES, *PAYOUTS, *RECONCILIATION),
    *("payouts.build_batch", "payouts.approve_batch", "payouts.change_payout"),
    *("payouts.add_destination", "payouts.decide_destination", "payouts.add_schedule"),
    *("payouts.download_bankfile", "payouts.settle_reportexception"),
    *("reconciliation.propose", "reconciliation.approve", "reconciliation.upload", "proof.run"),
]
ROLES = {
    "support": SUPPORT,
    "support lead": [
        *(*SUPPORT, *AUDIT, "approvals.decide", "disputes.accept", "payments.view_wire"),
        *("webhooks.decide_pspevent", "merchants.change_webhookendpoint"),
    ],
    "finance": FINANCE,
    "finance lead": [
        *(*FINANCE, *AUDIT, "payouts.approve_large_batch", "payments.refund"),
        *("approvals.decide", "fx.change_rate"),
    ],
    "risk": [
        *(*PAYMENTS, *DISPUTES, *MERCHANTS, *EVENTS, *ROUTING, *APPROVALS),
        *("payments.cancel", "payments.view_wire"),
    ],
    "auditor": [*EVERYTHING, "payments.view_wire"],
    "administrator": [
        *(*EVERYTHING, "auth.add_user", "auth.change_user"),
        *("merchants.change_merchant", "merchants.add_feeplan", "funds.add_terms"),
        *("merchants.change_webhookendpoint", "merchants.change_apikey"),
        *(
            "routing.add_routingweight",
            "routing.change_routingweight",
            "routing.delete_routingweight",
        ),
        "costs.add_pspprice",
    ],
}

OF = {
    "payments.refund": ("payment", "Can refund payments"),
    "payments.capture": ("payment", "Can capture payments"),
    "payments.cancel": ("payment", "Can cancel payments"),
    "payments.look_up": ("attempt", "Can ask the PSP what became of an attempt"),
    "payments.view_wire": ("attempt", "Can see what was sent to PSPs and answered, redacted"),
    "approvals.decide": ("request", "Can approve and reject what others ask for"),
    "disputes.answer": ("dispute", "Can give evidence and answer disputes"),
    "disputes.accept": ("dispute", "Can accept disputes, which gives the money up"),
    "payouts.build_batch": ("batch", "Can build, submit and cancel batches"),
    "payouts.approve_batch": ("batch", "Can approve batches that somebody else built"),
    "payouts.approve_large_batch": ("batch", "Can approve batches above the limit"),
    "payouts.decide_destination": ("destination", "Can approve, reject and retire destinations"),
    "payouts.download_bankfile": ("bankfile", "Can read files of the bank's, with account numbers"),
    "payouts.settle_reportexception": ("reportexception", "Can say how an exception was seen to"),
    "reconciliation.propose": ("break", "Can look into breaks, and propose how they are closed"),
    "reconciliation.approve": ("break", "Can approve what somebody else proposed"),
    "reconciliation.upload": (
        "statement",
        "Can upload statements, and have refused ones read again",
    ),
    "proof.run": ("run", "Can have the proof run"),
    "webhooks.decide_pspevent": ("pspevent", "Can decide about quarantined PSP events"),
}
CALLED = {
    "costs.paymentcost": "payment cost",
    "costs.pspcharge": "PSP charge",
    "costs.pspprice": "PSP price",
    "funds.businessday": "business day",
    "funds.due": "due funds",
    "kernel.entry": "audit entry",
    "ledger.ledgeraccount": "account",
    "ledger.ledgerentry": "entry",
    "ledger.ledgertransaction": "transaction",
    "merchants.apikey": "API key",
    "merchants.feeplan": "fee plan",
    "merchants.noticeattempt": "notice attempt",
    "merchants.paymentmethod": "payment method",
    "merchants.webhookendpoint": "webhook endpoint",
    "payouts.bankfile": "bank file",
    "payouts.reportexception": "report exception",
    "proof.run": "proof",
    "routing.routingweight": "routing weight",
    "webhooks.pspevent": "PSP event",
}


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [grants(ROLES, of=OF, called=CALLED)]
