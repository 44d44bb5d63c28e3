"""How the back office finds customers: by their ids, by what the merchant calls them, by the whole e-mail address."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q, QuerySet
from django.urls import reverse

from kernel.finding import Finder, Found
from kernel.ids import InvalidId, decode
from merchants.customers.find import by_email
from merchants.customers.models import Customer
from merchants.models import Merchant


def find_customers(text: str, most: int) -> Iterable[Found]:
    """Those that the text names; `most` of them, the newest."""
    customers = list(_named(text).order_by("-id")[:most])
    names = dict(
        Merchant.objects.filter(id__in={one.merchant_id for one in customers}).values_list(
            "id", "name"
        )
    )
    return [
        Found(
            title=one.user_id or one.public_id,
            detail=f"{one.public_id} · {names.get(one.merchant_id, '')}"
            + (" · erased" if one.erased_at else ""),
            url=reverse("admin:merchants_customer_change", args=[one.id]),
            at=one.created_at,
        )
        for one in customers
    ]


def who_has(email: str, most: int) -> list[tuple[UUID, str]]:
    """Merchants and what they call the people of that e-mail address: to find the payments of."""
    found = by_email(email).exclude(user_id="").order_by("-id")
    return list(found.values_list("merchant_id", "user_id")[:most])


def _named(text: str) -> QuerySet[Customer]:
    if "@" in text:
        return by_email(text)
    try:
        return Customer.objects.filter(id=decode("cus", text))
    except InvalidId:
        return Customer.objects.filter(Q(user_id=text) & ~Q(user_id=""))


FINDERS = [Finder("Customers", "merchants.view_customer", find_customers)]
