"""Lists that somebody gave a name to: filters, search and order, as they stand in the address."""

from __future__ import annotations

from django.db import models
from django.http import QueryDict

from kernel.ids import uuid7

#: What of an address says where in the list one is, not which list it is.
PLACE = ("p", "e", "all")


class SavedList(models.Model):
    """One list of a page, as its owner wants to find it again; shared, everybody finds it who may see the page."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    page = models.TextField()  # The model whose page it is: "payments.payment".
    name = models.TextField()
    query = models.TextField()  # What comes behind the "?".
    owner = models.TextField()  # A login.
    shared = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        app_label = "kernel"
        db_table = "saved_list"
        default_permissions = ()  # Whoever sees a page may name its lists.
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.page})"


def in_order(query: str) -> str:
    """The same list by the same text, however it was come to: without the place in it, and sorted."""
    given = QueryDict(query, mutable=True)
    for name in PLACE:
        given.pop(name, None)
    told = QueryDict(mutable=True)
    for name in sorted(given):
        told.setlist(name, given.getlist(name))
    return told.urlencode()
