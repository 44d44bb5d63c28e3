"""The chart of accounts: a function for each account, its docstring says whose money it is.

Every account belongs to one merchant's book, ours and the PSPs' too: "our fee income" is what we earned
from this merchant, "what Stripe owes us" is this merchant's part of it. Accounts are debit-normal unless
their docstring says credit.
"""

from __future__ import annotations

from uuid import UUID


def psp_receivable(psp: str) -> str:
    """Captured, not yet settled to us by the PSP."""
    return f"assets:psp:{psp}:receivable"


def bank(psp: str) -> str:
    """Settled by the PSP to our bank account."""
    return f"assets:bank:{psp}"


def psp_disputed(psp: str) -> str:
    """Taken back by the PSP while a dispute runs."""
    return f"assets:psp:{psp}:disputed"


def operating_bank() -> str:
    """Our own bank account, out of which merchants are paid."""
    return "assets:bank:operating"


def merchant_pending() -> str:
    """The merchant's, not yet available. Credit."""
    return "liabilities:merchant:pending"


def merchant_available() -> str:
    """The merchant's, payable now. Credit, guarded: never debited below zero by a payout."""
    return "liabilities:merchant:available"


def merchant_reserve() -> str:
    """The merchant's, held back against refunds and disputes. Credit."""
    return "liabilities:merchant:reserve"


def merchant_disputed() -> str:
    """The merchant's, set aside while a dispute runs. Credit."""
    return "liabilities:merchant:disputed"


def payouts_requested() -> str:
    """The merchant's, set aside for a payout that was not sent yet. Credit."""
    return "liabilities:payouts:requested"


def payouts_in_transit() -> str:
    """Sent to the merchant's bank, not yet confirmed. Credit."""
    return "liabilities:payouts:in_transit"


def processing_fees() -> str:
    """Ours: what we charge for processing a payment. Credit."""
    return "income:fees:processing"


def dispute_fees() -> str:
    """Ours: what we charge for handling a dispute. Credit."""
    return "income:fees:dispute"


def refund_fees() -> str:
    """Ours: what we charge for a refund. Credit."""
    return "income:fees:refund"


def passed_on_costs() -> str:
    """Ours: what the PSPs charged us for a payment and the merchant, by interchange++, bears. Credit."""
    return "income:fees:passed_on"


def fx_income() -> str:
    """Ours: the spread of a conversion. Credit."""
    return "income:fx"


def fx_revaluation() -> str:
    """Ours: what our positions in other currencies gained or lost by their rates. Credit."""
    return "income:fx:revaluation"


def psp_fees(psp: str) -> str:
    """What the PSP charged us."""
    return f"expenses:psp:{psp}:fees"


def fx_position(currency: str) -> str:
    """Our position in a currency; conversions pass through it."""
    return f"equity:fx:{currency}"


def reconciliation_suspense() -> str:
    """Found by reconciliation, not yet explained."""
    return "suspense:reconciliation"


def unallocated() -> str:
    """Received from a PSP or a bank, and not ours: whose it is, and where it has to go, is not known. Credit."""
    return "liabilities:unallocated"


def write_offs() -> str:
    """What reconciliation gave up: missing for good, or less, where it was too much."""
    return "expenses:write_offs"


#: In whose book stands what is no merchant's: a fee for no payment, money that nobody knows.
HOUSE = UUID("00000000-0000-7000-8000-000000000000")


#: Never debited below zero. The database knows the same (ledger_account.guarded); a test compares.
GUARDED = frozenset({merchant_available()})

#: Kinds of transaction that have already happened outside, so that they are booked even where they leave the
#: merchant owing us. The database knows the same (ledger_must_go_through); a test compares.
MUST_GO_THROUGH = frozenset(
    {
        "refund.succeeded",
        "refund.fee_charged",
        "dispute.opened",
        "psp.fee_charged",
        "fee.cost_passed_on",
        "funds.recalled",
        "fx.converted",
    }
)


def is_credit_normal(code: str) -> bool:
    """Does the account usually stand in credit: what we owe or have earned?"""
    return code.startswith(("liabilities:", "income:"))
