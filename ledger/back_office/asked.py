"""What somebody asks the books for, as a form in the page's address."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms

from kernel.currencies import EXPONENTS
from kernel.ids import InvalidId, decode
from ledger.finding import Wanted

DAY = forms.DateInput(attrs={"type": "date"})


class BooksForm(forms.Form):
    """All of it may be empty: then it is the newest."""

    q = forms.CharField(
        required=False,
        max_length=200,
        label="What caused it, or its id",
        widget=forms.TextInput(attrs={"placeholder": "att_…, re_…, po_…, txn_…", "type": "search"}),
    )
    merchant = forms.CharField(
        required=False, max_length=40, widget=forms.TextInput(attrs={"placeholder": "mer_…"})
    )
    account = forms.CharField(
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"placeholder": "liabilities:merchant:…"}),
    )
    kind = forms.CharField(
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"placeholder": "payment.captured"}),
    )
    since = forms.DateField(required=False, label="From", widget=DAY)
    until = forms.DateField(required=False, label="To", widget=DAY)
    currency = forms.ChoiceField(
        required=False,
        choices=[("", "any"), *((code, code) for code in sorted(EXPONENTS))],
    )
    least = forms.DecimalField(required=False, label="At least", min_value=0, max_digits=20)
    most = forms.DecimalField(required=False, label="At most", min_value=0, max_digits=20)
    mode = forms.ChoiceField(
        required=False, choices=[("", "both"), ("live", "live"), ("test", "test")]
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        for name in ("least", "most"):
            if given.get(name) is not None:
                given[name] = self._minor(name, given[name], given.get("currency", ""))
        if given.get("since") and given.get("until") and given["since"] > given["until"]:
            self.add_error("until", "It is before the first day.")
        return given

    def _minor(self, name: str, amount: Decimal, currency: str) -> int | None:
        """An amount as people write it, in minor units."""
        if not currency:
            self.add_error("currency", "An amount is of a currency.")
            return None
        minor = amount.scaleb(EXPONENTS[currency])
        if minor != minor.to_integral_value() or minor >= 2**63:
            self.add_error(name, f"There is no such amount in {currency}.")
            return None
        return int(minor)

    def clean_merchant(self) -> Any:
        text = self.cleaned_data["merchant"].strip()
        try:
            return decode("mer", text) if text else None
        except InvalidId:
            raise forms.ValidationError("It is no id like mer_….") from None

    def clean_until(self) -> date | None:
        day: date | None = self.cleaned_data["until"]
        if day is not None and day >= date.max - timedelta(days=1):
            raise forms.ValidationError("Nobody books that far ahead.")
        return day

    @property
    def wanted(self) -> Wanted:
        """For a form that is valid."""
        given = self.cleaned_data
        text, id_ = given["q"].strip(), None
        with suppress(InvalidId):
            id_ = decode("txn", text)
        return Wanted(
            id=id_,
            source="" if id_ else text,
            merchant=given["merchant"],
            livemode={"live": True, "test": False}.get(given["mode"]),
            account=given["account"].strip(),
            kind=given["kind"].strip(),
            since=given["since"],
            until=given["until"],
            currency=given["currency"],
            least=given["least"],
            most=given["most"],
        )


class PeriodForm(forms.Form):
    """The days of an account that are shown: this month, unless others are asked for."""

    since = forms.DateField(label="From", widget=DAY)
    until = forms.DateField(label="To", widget=DAY)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("since") and given.get("until"):
            if given["since"] > given["until"]:
                self.add_error("until", "It is before the first day.")
            if given["until"] >= date.max - timedelta(days=1):
                self.add_error("until", "Nobody books that far ahead.")
        return given
