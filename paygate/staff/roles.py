"""The roles of the back office, as data: what each may look at, and what it may do.

The database has them as groups, made by the migrations of this room; a test holds the two against each other. A right
that comes later is written into the table here and granted by the room's next migration:

    operations = [grants({"risk": ["payments.hold"]}, of={"payments.hold": ("payment", "Can hold payments")})]

(paygate.staff.grants). Nobody edits a group by hand: what a role may is looked at by two people, as code is.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType


def _look(app: str, *models: str) -> frozenset[str]:
    return frozenset(f"{app}.view_{model}" for model in models)


# ------------------------------------------------------------------------------------ what is looked at

PAYMENTS = _look("payments", "payment", "refund", "attempt", "unresolved") | _look("fx", "quote")
DISPUTES = _look(
    *("disputes", "dispute", "case", "report", "movement", "round", "evidence", "act"),
)
MERCHANTS = _look("merchants", "merchant", "paymentmethod")
CUSTOMERS = _look("merchants", "customer")
NOTICES = _look("merchants", "webhookendpoint", "notice", "noticeattempt")
TERMS = _look("merchants", "feeplan") | _look("funds", "terms", "businessday", "due", "reserve")
EVENTS = _look("webhooks", "pspevent")
APPROVALS = _look("approvals", "request", "limit")
ROUTING = _look("routing", "routingweight")
COSTS = _look("costs", "pspprice", "paymentcost", "pspcharge")
BOOKS = _look("ledger", "ledgeraccount", "ledgertransaction", "ledgerentry") | _look("proof", "run")
CURRENCIES = _look("fx", "rate", "feed")
PAYOUTS = _look(
    *("payouts", "payout", "batch", "act", "destination", "schedule", "bankfile", "report"),
    "reportexception",
)
RECONCILIATION = _look("reconciliation", "order", "statement", "batch", "break", "note")
AUDIT = _look("kernel", "entry")
DASHBOARD = _look("console", "dashboard")  # Figures of money: for all who look at payments.
STAFF = _look("auth", "user", "group") | _look("staff", "authenticator", "session")
KEYS = _look("merchants", "apikey")

EVERYTHING = (
    *(PAYMENTS | DISPUTES | MERCHANTS | NOTICES | TERMS | EVENTS | APPROVALS | ROUTING | COSTS),
    *(BOOKS | CURRENCIES | PAYOUTS | RECONCILIATION | AUDIT | STAFF | KEYS | CUSTOMERS),
    *DASHBOARD,
)

# ------------------------------------------------------------------------------------------ the roles

_SUPPORT = frozenset(
    {
        *(PAYMENTS | DISPUTES | MERCHANTS | CUSTOMERS | NOTICES | EVENTS | APPROVALS),
        *DASHBOARD,
        *("payments.refund", "payments.capture", "payments.cancel", "payments.look_up"),
        *("disputes.answer", "merchants.change_notice"),
    }
)
_FINANCE = frozenset(
    {
        *(PAYMENTS | DISPUTES | MERCHANTS | TERMS | APPROVALS | COSTS),
        *(BOOKS | CURRENCIES | PAYOUTS | RECONCILIATION | DASHBOARD),
        *("payouts.build_batch", "payouts.approve_batch", "payouts.change_payout"),
        *("payouts.add_destination", "payouts.decide_destination", "payouts.add_schedule"),
        *("payouts.download_bankfile", "payouts.settle_reportexception"),
        *("reconciliation.propose", "reconciliation.approve", "reconciliation.upload"),
        *("proof.run", "payments.look_up", "payments.decide_unknown"),
    }
)

#: What each role may, by the names that `user.has_perm` takes.
ROLES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "support": _SUPPORT,
        "support lead": _SUPPORT
        | {
            *("approvals.decide", "disputes.accept", "payments.view_wire"),
            *("payments.decide_unknown", "merchants.see_pii", "merchants.erase_customer"),
            *("webhooks.decide_pspevent", "merchants.change_webhookendpoint"),
            *AUDIT,
        },
        "finance": _FINANCE,
        "finance lead": _FINANCE
        | {
            *("payouts.approve_large_batch", "payments.refund", "approvals.decide"),
            "approvals.decide_large",
            *("fx.change_rate", *AUDIT),
        },
        "risk": frozenset(
            {
                *(PAYMENTS | DISPUTES | MERCHANTS | CUSTOMERS | EVENTS | ROUTING | APPROVALS),
                *DASHBOARD,
                *("payments.cancel", "payments.view_wire", "merchants.see_pii"),
            }
        ),
        # Looks at everything, and does nothing.
        "auditor": frozenset({*EVERYTHING, "payments.view_wire"}),
        # People, limits, keys, routing and what was agreed with merchants and PSPs; never money.
        "administrator": frozenset(
            {
                *EVERYTHING,
                *("auth.add_user", "auth.change_user"),
                *("staff.reset_authenticator", "staff.end_session"),
                *("merchants.change_merchant", "merchants.add_feeplan", "funds.add_terms"),
                *("merchants.change_webhookendpoint", "merchants.change_apikey"),
                "merchants.erase_customer",
                *("approvals.add_limit", "approvals.change_limit", "approvals.delete_limit"),
                *("routing.add_routingweight", "routing.change_routingweight"),
                *("routing.delete_routingweight", "costs.add_pspprice"),
            }
        ),
    }
)
