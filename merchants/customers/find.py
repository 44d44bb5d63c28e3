"""Find customers: by id, by user id, by the whole e-mail address."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from kernel.ids import InvalidId, decode
from merchants.customers.models import Customer
from merchants.customers.sealing import hashes_of


class NoSuchCustomer(LookupError):
    """None of this id; also when it is another merchant's, the other mode's, or erased."""


def find(merchant_id: UUID, *, livemode: bool, customer: str) -> Customer:
    """The merchant's own customer of that id. Raises NoSuchCustomer."""
    try:
        return all_of(merchant_id, livemode=livemode).get(id=decode("cus", customer))
    except (InvalidId, Customer.DoesNotExist):
        raise NoSuchCustomer(f"no customer {customer[:40]!r}") from None


def all_of(merchant_id: UUID, *, livemode: bool) -> QuerySet[Customer]:
    """The merchant's customers in one mode, without the erased ones."""
    return Customer.objects.filter(
        merchant_id=merchant_id, livemode=livemode, erased_at__isnull=True
    )


def by_email(email: str) -> QuerySet[Customer]:
    """All merchants' customers of that address, for the back office."""
    return Customer.objects.filter(email_hash__in=hashes_of(email))
