"""What happened, in a sentence: of a break, for whoever has never seen one."""

from __future__ import annotations

from collections import defaultdict

from kernel.money import Money
from paygate.reconciliation.models import BANK, Break, Cause

_HAPPENED = {
    Cause.MISSING_HERE: "{who} settled {money} for {subject}, of which our books know nothing.",
    Cause.MISSING_THERE: "Our books have {money} of {subject}, and no statement of {who} tells of it.",
    Cause.AMOUNT: "{who} settled another amount of {subject} than our books have: {money} is the difference.",
    Cause.CURRENCY: "{who} settled {subject} in another currency than our books have it: {money} came.",
    Cause.FEE: "{who} charged a fee for {subject} that is {money} off what the contract says.",
    Cause.FX_ROUNDING: "{who} converted {subject}, and what came is {money} off what its rate gives.",
    Cause.CAPTURED_TWICE: "{who} captured {subject} once more than we did: {money}.",
    Cause.REFUNDED_IN_DASHBOARD: "{money} of {subject} was given back at {who}, and not by us.",
    Cause.CHARGEBACK_NOT_HEARD: "{who} settled a chargeback of {subject}, {money}, of which we had not heard.",
    Cause.DUPLICATE_LINE: "{who} told a line of {subject} twice: {money}.",
    Cause.WRONG_MERCHANT_ACCOUNT: "{who} settled {money} of {subject} in a merchant account that is not ours.",
    Cause.TIMING: "{who} settled {money} of {subject} at a time when our books did not have it so.",
}


def happened(break_: Break) -> str:
    """A plain sentence of what a break is about."""
    return _HAPPENED[Cause(break_.cause)].format(
        who=called(break_.psp), money=grouped(break_.money), subject=break_.subject
    )


def called(psp: str) -> str:
    """How people say it: "Stripe"; and our bank, where it stands for a PSP."""
    return "Our bank" if psp == BANK else psp.capitalize()


def grouped(money: Money) -> str:
    """With the thousands apart: "12,430.00 EUR"."""
    whole, point, rest = money.major.partition(".")
    sign, digits = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    return f"{sign}{int(digits):,}{point}{rest} {money.currency}"


def summed(amounts: list[Money]) -> str:
    """Sums by currency: "12,430.00 EUR and 80.00 USD"."""
    sums: defaultdict[str, int] = defaultdict(int)
    for amount in amounts:
        sums[amount.currency] += amount.minor
    return " and ".join(grouped(Money(minor, code)) for code, minor in sorted(sums.items()))
