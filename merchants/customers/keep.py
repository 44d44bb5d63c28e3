"""Keep a customer, and erase one."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError
from django.db.models import BinaryField, F, Func
from django.db.transaction import atomic

from kernel.ids import uuid7
from kernel.sealed import older_keys, seal, unseal
from merchants.customers.find import all_of, find
from merchants.customers.models import Customer
from merchants.customers.sealing import TABLE, Person, hashes_of, new_key, read, write


class UserIdTaken(ValueError):
    """Another customer of the merchant is known by this user id."""


def keep(
    merchant_id: UUID, person: Person, *, livemode: bool, user_id: str = "", at: datetime
) -> Customer:
    """A new customer. Raises UserIdTaken."""
    id_ = uuid7()
    key = new_key(id_)
    try:
        with atomic():
            return Customer.objects.create(
                id=id_,
                merchant_id=merchant_id,
                livemode=livemode,
                user_id=user_id,
                sealed_key=key,
                details=write(person, key, customer=id_),
                email_hash=hashes_of(person.email)[0] if person.email else None,
                created_at=at,
            )
    except IntegrityError as error:
        if "customer_user_id" in str(error):
            raise UserIdTaken(f"a customer is known as {user_id!r} already") from None
        raise


def person(customer: Customer) -> Person | None:
    """Who it is; None where that is erased."""
    if customer.sealed_key is None or customer.details is None:
        return None
    return read(bytes(customer.details), bytes(customer.sealed_key), customer=customer.id)


def erase(merchant_id: UUID, *, livemode: bool, customer: str, at: datetime) -> Customer:
    """Destroy the person's key: nobody can read any more who it was. Raises NoSuchCustomer, also the second time.

    The payments stay, and so do the books: they name the customer by a user id that says nothing.
    """
    found = find(merchant_id, livemode=livemode, customer=customer)
    erased = all_of(merchant_id, livemode=livemode).filter(id=found.id)
    erased.update(sealed_key=None, details=None, email_hash=None, erased_at=at)
    return found


def seal_anew(*, most: int = 10_000) -> int:
    """Seal people's keys under the newest sealing key, and find people by it; how many were under another."""
    if not (older := older_keys()):
        return 0
    begins = Func(F("sealed_key"), 1, 4, function="substring", output_field=BinaryField())
    old = Customer.objects.alias(begins=begins).filter(begins__in=older)
    names = list(old.order_by().values_list("merchant_id", "id")[:most])
    for merchant_id, id_ in names:
        _seal_anew(merchant_id, id_)
    return len(names)


@atomic
def _seal_anew(merchant_id: UUID, id_: UUID) -> None:
    mine = Customer.objects.filter(merchant_id=merchant_id, erased_at__isnull=True)
    customer = mine.select_for_update(no_key=True).filter(id=id_).first()
    if customer is None or (who := person(customer)) is None:
        return  # Erased meanwhile.
    key = unseal(customer.sealed_key or b"", table=TABLE, row=id_)
    customer.sealed_key = seal(key, table=TABLE, row=id_)
    customer.email_hash = hashes_of(who.email)[0] if who.email else None
    customer.save(update_fields=["sealed_key", "email_hash"])
