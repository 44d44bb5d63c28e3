"""The books as Django sees them: to read. The tables belong to SQL (migrations/sql), and `post` is the only way in.

Unmanaged, so that nothing of Django's ever alters, empties or deletes them; the writing methods raise, so that
the attempt is met before PostgreSQL refuses it.
"""

from __future__ import annotations

from typing import Any, Never

from django.db import models

from kernel.ids import encode
from kernel.money import Money


class WrittenInInk(TypeError):
    """Somebody tried to write the books through the ORM: post a transaction instead (ledger.post)."""

    def __init__(self, *_: Any, **__: Any) -> None:
        super().__init__("the books are written by ledger.post alone, and never changed")


def _refuse(*args: Any, **kwargs: Any) -> Never:
    raise WrittenInInk


class ReadOnlyQuerySet(models.QuerySet[Any]):
    create = update = delete = bulk_create = bulk_update = _refuse
    get_or_create = update_or_create = _refuse


class InInk(models.Model):
    """A row of the books: it is read, never saved."""

    merchant_id = models.UUIDField()

    objects: models.Manager[Any] = models.Manager.from_queryset(ReadOnlyQuerySet)()

    class Meta:
        abstract = True

    save = delete = save_base = _refuse


class LedgerAccount(InInk):
    """One account of a merchant's book, in one currency; `code` is a line of ledger.chart."""

    id = models.BigIntegerField(primary_key=True)
    livemode = models.BooleanField()
    code = models.TextField()
    currency = models.CharField(max_length=3)
    guarded = models.BooleanField()  # Never debited below zero, except for what must go through.

    class Meta:
        db_table = "ledger_account"
        managed = False
        verbose_name = "account"

    def __str__(self) -> str:
        return f"{self.code} {self.currency}"


class LedgerTransaction(InInk):
    """One business event in the books; (merchant, kind, source) happens once."""

    id = models.UUIDField(primary_key=True)
    livemode = models.BooleanField()
    kind = models.TextField()
    source = models.TextField()
    reverses = models.UUIDField(null=True)
    memo = models.TextField()
    effective_at = models.DateTimeField()  # When it happened.
    posted_at = models.DateTimeField()  # When we wrote it.

    class Meta:
        db_table = "ledger_transaction"
        managed = False
        verbose_name = "transaction"

    def __str__(self) -> str:
        return f"{encode('txn', self.id)} {self.kind} {self.source}"


class LedgerEntry(InInk):
    """One debit or credit of a transaction."""

    id = models.UUIDField(primary_key=True)
    transaction = models.ForeignKey(
        LedgerTransaction, models.DO_NOTHING, related_name="entries", db_constraint=False
    )
    account = models.ForeignKey(
        LedgerAccount, models.DO_NOTHING, related_name="entries", db_constraint=False
    )
    line = models.SmallIntegerField()  # Its place in the transaction, from 1.
    type = models.TextField(choices=[("DEBIT", "Debit"), ("CREDIT", "Credit")])
    amount = models.BigIntegerField()  # In minor units of the currency.
    currency = models.CharField(max_length=3)
    effective_at = models.DateTimeField()
    posted_at = models.DateTimeField()

    class Meta:
        db_table = "ledger_entry"
        managed = False
        verbose_name = "entry"
        verbose_name_plural = "entries"

    def __str__(self) -> str:
        return f"{self.type} {self.money}"

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)
