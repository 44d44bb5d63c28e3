"""An amount as a person types it, to the minor unit: never through a float, and never guessed at."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget

from kernel.currencies import exponent

_TYPED = re.compile(r"([0-9]{1,13})(?:\.([0-9]+))?")


class NotAnAmount(ValueError):
    """What was typed is not an amount in this currency; its words say what would be."""


def in_minor(text: str, currency: str) -> int:
    """ "22.40" EUR is 2240, "1000" JPY is 1000. Raises NotAnAmount for anything that has to be guessed.

    "22,40" may be twenty-two or two thousand and more, and "22.405" EUR is no amount.
    """
    places = exponent(currency)
    example = f"22.{'4'.ljust(places, '0')}" if places else "1000"
    found = _TYPED.fullmatch(text.strip())
    if found is None:
        comma = " with a point, not a comma" if "," in text else ""
        raise NotAnAmount(f"Write the amount in {currency}{comma}, such as {example}.")
    whole, decimals = found[1], found[2] or ""
    if len(decimals) > places:
        count = "no decimals" if not places else f"at most {places} decimals"
        raise NotAnAmount(f"{currency} has {count}: write it such as {example}.")
    minor = int(whole + decimals.ljust(places, "0"))
    if not minor:
        raise NotAnAmount("An amount is more than nothing.")
    return minor


class AmountField(forms.CharField):
    """An amount of one currency, in major units; cleaned to minor units."""

    def __init__(self, currency: str, *, initial: str, help_text: str) -> None:
        self.currency = currency
        super().__init__(
            label=f"Amount in {currency}",
            max_length=20,
            initial=initial,
            help_text=help_text,
            widget=UnfoldAdminTextInputWidget(
                attrs={"inputmode": "decimal", "autocomplete": "off"}
            ),
        )

    def clean(self, value: Any) -> Any:
        """Minor units."""
        text = super().clean(value)
        try:
            return in_minor(text, self.currency)
        except NotAnAmount as why:
            raise forms.ValidationError(str(why)) from None
