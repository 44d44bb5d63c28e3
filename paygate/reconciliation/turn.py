"""Statements are taken one after the other, and people close no break meanwhile: the line that it waits for may be
on its way into the books, and would then be in them twice."""

from __future__ import annotations

from django.db import connection


def take_turn(*, livemode: bool, shared: bool = False) -> None:
    """Nobody else's until the transaction ends; `shared` among people, who lock each break of their own."""
    lock = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {lock}(hashtext(%s))", [f"statements {livemode}"])
