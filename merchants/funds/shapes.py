"""The shapes of balances in the public API: what the document says of the replies."""

from __future__ import annotations

from rest_framework import serializers

from merchants.funds.own import NAMES


class AmountsShape(serializers.Serializer[object]):
    """Minor units of the currency; `available` and `total` may be below zero: then you owe us."""

    pending = serializers.IntegerField(help_text="Yours, not yet available.")
    available = serializers.IntegerField(help_text="Payable now.")
    reserved = serializers.IntegerField(help_text="Held back against refunds and disputes.")
    disputed = serializers.IntegerField(help_text="Set aside while disputes run.")
    in_payouts = serializers.IntegerField(help_text="In payouts that have not arrived.")
    total = serializers.IntegerField()


class CurrencyBalanceShape(AmountsShape):
    """What is yours in one currency."""

    currency = serializers.CharField()


class UpcomingShape(serializers.Serializer[object]):
    """What becomes available, and when: the start of a day where you are."""

    available_on = serializers.DateField()
    available_at = serializers.DateTimeField()
    currency = serializers.CharField()
    amount = serializers.IntegerField(
        help_text="Of pending before what is reserved of it; below zero where more was undone."
    )
    source = serializers.ChoiceField(  # type: ignore[assignment]
        ["pending", "reserved"], help_text="Where it is until then."
    )


class BalanceShape(serializers.Serializer[object]):
    """What is yours, by currency; currencies in which there never was anything are not there."""

    object = serializers.ChoiceField(["balance"])
    livemode = serializers.BooleanField()
    as_of = serializers.DateTimeField(allow_null=True)
    known_at = serializers.DateTimeField(allow_null=True)
    balances = CurrencyBalanceShape(many=True)
    upcoming = UpcomingShape(
        many=True, help_text="Of now, by day; what was captured just now follows in minutes."
    )


class BalanceTransactionShape(serializers.Serializer[object]):
    """A change of your balance. Amounts are minor units of `currency`."""

    id = serializers.CharField()
    object = serializers.ChoiceField(["balance_transaction"])
    livemode = serializers.BooleanField()
    type = serializers.CharField(help_text="What happened: payment.captured, payout.paid, …")
    source = serializers.CharField(  # type: ignore[assignment]
        allow_null=True, help_text="What it is about: pay_…, re_…, dp_…, po_…"
    )
    ledger_transaction = serializers.CharField(
        help_text="Of the books. What exchanges currencies has a line for each."
    )
    currency = serializers.CharField()
    gross = serializers.IntegerField(help_text="net + fee.")
    fee = serializers.IntegerField(help_text="What we took with it; below zero: gave back.")
    net = serializers.IntegerField(help_text="What all your balances together changed by.")
    changes = serializers.DictField(
        child=serializers.IntegerField(),
        help_text=f"What each balance changed by, of {', '.join(NAMES)}; those that did.",
    )
    created_at = serializers.DateTimeField(help_text="When it happened.")
    posted_at = serializers.DateTimeField(help_text="When it was written into the books.")


class BalanceTransactionList(serializers.Serializer[object]):
    """A page of balance transactions, newest first."""

    object = serializers.ChoiceField(["list"])
    data = BalanceTransactionShape(many=True)  # type: ignore[assignment]
    has_more = serializers.BooleanField()
    url = serializers.CharField()


class StatementSummaryShape(serializers.Serializer[object]):
    """A month in one currency."""

    id = serializers.CharField(help_text="The month: 2026-11.")
    object = serializers.ChoiceField(["statement"])
    livemode = serializers.BooleanField()
    currency = serializers.CharField()
    status = serializers.ChoiceField(
        ["preliminary", "final"], help_text="final: nothing will be added to it any more."
    )
    time_zone = serializers.CharField(help_text="Of your terms, when the month began.")
    period_start = serializers.DateTimeField()
    period_end = serializers.DateTimeField(help_text="Not included.")
    csv = serializers.CharField(help_text="Where it is as a table.")
    pdf = serializers.CharField(help_text="Where it is as a document.")


class StatementList(serializers.Serializer[object]):
    """All statements, the newest first."""

    object = serializers.ChoiceField(["list"])
    data = StatementSummaryShape(many=True)  # type: ignore[assignment]
    has_more = serializers.BooleanField()
    url = serializers.CharField()


class StatementLineShape(BalanceTransactionShape):
    """A balance transaction, and your whole balance after it."""

    balance = serializers.IntegerField()


class SumShape(serializers.Serializer[object]):
    """What all lines of one type come to."""

    type = serializers.CharField()
    count = serializers.IntegerField()
    gross = serializers.IntegerField()
    fee = serializers.IntegerField()
    net = serializers.IntegerField()


class StatementShape(StatementSummaryShape):
    """A month in one currency: opening.total and the net of all lines are closing.total."""

    merchant = serializers.CharField()
    opening = AmountsShape()
    lines = StatementLineShape(many=True)
    sums = SumShape(many=True)
    closing = AmountsShape()
