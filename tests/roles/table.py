"""What each role may on each page, written down by hand: the answers that test_pages.py asks for.

Roles are named by letters: S support, L support lead, F finance, G finance lead, R risk, O auditor, A administrator.
A page that is not here fails the test. To bring one: add a line with who may look; who may add, change and delete by a
form, if anybody; and, by the name of its address, who may do each deed that has an address of its own (those in lists
go by the name of the method). An address with more than an id in it is named with what stands there:
"payments_payment_deed deed=refund".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

ROLES = {
    "S": "support",
    "L": "support lead",
    "F": "finance",
    "G": "finance lead",
    "R": "risk",
    "O": "auditor",
    "A": "administrator",
}
ALL = "SLFGROA"
MONEY = "FGOA"  # Who looks at the money of merchants and of the house.


@dataclass(frozen=True, slots=True)
class Page:
    """Whose letters are here may; nobody else does."""

    look: str
    add: str = ""
    change: str = ""
    delete: str = ""
    acts: Mapping[str, str] = field(default_factory=dict)  # With an address of their own.
    many: Mapping[str, str] = field(default_factory=dict)  # On rows of the list.
    #: Its page takes deeds where others take the row's form: by its own rules, which its own tests try.
    deeds: bool = False


PAGES: Mapping[str, Page] = {
    "approvals.limit": Page(ALL, add="A", change="A", delete="A"),
    "approvals.request": Page(ALL, acts={"approvals_request_document": ALL}, deeds=True),
    "auth.group": Page("OA"),
    "auth.user": Page("OA", add="A", change="A", acts={"auth_user_password_change": "A"}),
    "costs.paymentcost": Page(MONEY),
    "costs.pspprice": Page(MONEY, add="A"),
    "disputes.dispute": Page(
        ALL,
        acts={
            "disputes_evidence": ALL,
            "disputes_submit": "SL",
            "disputes_accept": "L",
        },
        deeds=True,
    ),
    "funds.businessday": Page(MONEY),
    "funds.due": Page(MONEY),
    "funds.reserve": Page(MONEY),
    "funds.terms": Page(MONEY, add="A"),
    "fx.feed": Page(MONEY),
    "fx.quote": Page(ALL),
    "fx.rate": Page(
        MONEY, acts={"fx_rate_position": MONEY, "fx_rate_believe": "G", "fx_rate_refuse": "G"}
    ),
    "kernel.entry": Page("LGOA"),
    "ledger.ledgeraccount": Page(MONEY, acts={"ledger_ledgeraccount_take_along": MONEY}),
    "ledger.ledgertransaction": Page(
        MONEY, acts={"ledger_ledgertransaction_take_along format_=csv": MONEY}
    ),
    "merchants.apikey": Page("OA"),
    "merchants.customer": Page("SLROA", deeds=True),
    "merchants.feeplan": Page(MONEY, add="A"),
    "merchants.merchant": Page(
        ALL,
        change="A",
        acts={
            "funds_money": MONEY,
            "funds_statement mode=test month=2026-10 currency=EUR format_=csv": MONEY,
        },
    ),
    "merchants.notice": Page("SLOA", many={"send_again": "SL"}),
    "merchants.paymentmethod": Page(ALL),
    "merchants.webhookendpoint": Page("SLOA", many={"enable": "LA", "disable": "LA"}),
    "payments.attempt": Page(ALL, acts={"payments_attempt_wire": "LRO"}),
    "payments.payment": Page(
        ALL,
        acts={
            "payments_payment_deed deed=refund": "SLG",
            "payments_payment_deed deed=capture": "SL",
            "payments_payment_deed deed=cancel": "SLR",
            "payments_payment_deed deed=look-up": "SLFG",
            "payments_payment_deed deed=send-again": "SL",
            "payments_payment_preview": "SLG",
            "payments_payment_wire": "LRO",
        },
        many={"refund_many": "SLG"},
    ),
    "payments.refund": Page(ALL),
    "payments.unresolved": Page(ALL, many={"look_up": "SLFG"}, deeds=True),
    "payouts.bankfile": Page(MONEY, acts={"payouts_bankfile_bytes": "FG"}),
    "payouts.batch": Page(MONEY, add="FG", acts={"payouts_batch_preview": MONEY}),
    "payouts.destination": Page(
        MONEY,
        add="FG",
        acts={
            "payouts_destination_approve": "FG",
            "payouts_destination_reject": "FG",
            "payouts_destination_retire": "FG",
        },
    ),
    "payouts.payout": Page(
        MONEY, acts={"payouts_payout_call_off": "FG", "payouts_payout_take_out": "FG"}
    ),
    "payouts.report": Page(MONEY, acts={"payouts_report_bytes": "FG"}),
    "payouts.reportexception": Page(MONEY, acts={"payouts_reportexception_seen_to": "FG"}),
    "payouts.schedule": Page(MONEY, add="FG"),
    "proof.run": Page(MONEY, acts={"proof_run_prove_now": "FG"}),
    "reconciliation.batch": Page(MONEY),
    "reconciliation.break": Page(MONEY, deeds=True),
    "reconciliation.order": Page(MONEY),
    "reconciliation.statement": Page(
        MONEY,
        add="FG",
        acts={"reconciliation_statement_bytes": MONEY, "reconciliation_statement_read_again": "FG"},
    ),
    "staff.authenticator": Page("OA", acts={"staff_authenticator_reset": "A"}),
    "staff.session": Page("OA", acts={"staff_session_end": "A"}),
    "routing.routingweight": Page("ROA", add="A", change="A", delete="A"),
    "webhooks.pspevent": Page(
        "SLROA",
        acts={
            "webhooks_pspevent_apply_all_again": "L",
            "webhooks_pspevent_apply_again": "L",
            "webhooks_pspevent_set_aside": "L",
        },
    ),
}
