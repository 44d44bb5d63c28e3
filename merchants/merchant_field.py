"""How a form of the back office asks for a merchant: by mer_…, for there may be too many to choose from."""

from __future__ import annotations

from typing import Any

from django import forms

from kernel.ids import InvalidId, decode
from merchants.models import Merchant


class MerchantField(forms.CharField):
    """Gives the merchant's UUID."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        try:
            found = Merchant.objects.filter(id=decode("mer", text.strip())).first()
        except InvalidId:
            found = None
        if found is None:
            raise forms.ValidationError("There is no such merchant.")
        return found.id
