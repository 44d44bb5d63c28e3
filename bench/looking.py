"""Looks for things as the back office does, among very many payments: `python -m bench.looking`; orders on stdin."""

from __future__ import annotations

import hashlib
import json
import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median, quantiles
from typing import Any
from uuid import UUID

import django
import psycopg

TURNS = 40  # Questions of each sort.
SMALL = 20_000  # Rows that PostgreSQL may read one after the other.


def looking(*, payments: int, owner: str, turns: int = TURNS) -> dict[str, Any]:
    """Milliseconds for a question of each sort to all finders, and the tables that were read as a whole for it.

    `owner` is the address of the database for who may write without its guards.
    """
    from bench.crowded import fill

    began = time.perf_counter()
    with psycopg.connect(owner) as database:
        fill(psycopg.ClientCursor(database).execute, payments)
    with psycopg.connect(owner, autocommit=True) as database:
        database.execute("VACUUM ANALYZE")
        paid = drawn(database.cursor(), turns)
    filled = time.perf_counter() - began
    return {"payments": payments, "fill_seconds": filled, "questions": ask_all(paid)}


def drawn(cursor: Any, turns: int) -> list[dict[str, Any]]:
    """So many payments of bench.crowded, the same ones each time."""
    cursor.execute(
        "SELECT * FROM bench.paid WHERE NOT declined ORDER BY md5(n::text) LIMIT %s", [turns]
    )
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def ask_all(paid: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every sort of question that these payments give somebody to ask."""
    from django.contrib.auth.models import User
    from django.db import connection

    from paygate.console.search import search

    anybody = User(username="bench", is_superuser=True, is_active=True)
    measured = []
    for what, texts in sorts(paid):
        took, hits = [], 0
        for text in texts:
            began = time.perf_counter()
            found = search(text, anybody)
            took.append((time.perf_counter() - began) * 1000)
            hits += sum(len(group.hits) for group in found)
        with reading_whole(connection) as (asked, whole):
            search(texts[0], anybody)
        measured.append(
            {
                "what": what,
                "median_ms": median(took),
                "p95_ms": quantiles(took, n=20)[-1],
                "most_ms": max(took),
                "hits": hits / len(texts),
                "queries": len(asked),
                "read_whole": sorted(whole),
            }
        )
    return measured


def sorts(paid: list[dict[str, Any]]) -> Iterator[tuple[str, list[str]]]:
    """What somebody may type who has one of these payments in hand."""
    from kernel.ids import encode

    draw = random.Random(7)
    yield "payment id", [encode("pay", p["payment_id"]) for p in paid]
    yield "attempt id", [encode("att", p["attempt_id"]) for p in paid]
    yield "transaction id", [encode("txn", p["transaction_id"]) for p in paid]
    yield "bare UUID", [str(p["payment_id"]) for p in paid]
    yield "PSP reference", [f"pi_{p['reference']}" for p in paid]
    yield "PSP event", [f"evt_{p['reference']}" for p in paid]
    yield "order number", [f"order-{p['n']}" for p in paid]
    yield "payer", [f"user-{p['n'] // 5}" for p in paid]
    yield "card and amount", [f"{p['last4']} {_written(p['amount'])}" for p in paid]
    yield (
        "card, amount, day",
        [f"{p['at']:%Y-%m-%d} {_written(p['amount'])} …{p['last4']} {p['currency']}" for p in paid],
    )
    yield "card alone", [p["last4"] for p in paid]
    yield "card and day", [f"{p['last4']} {p['at']:%d.%m.%Y}" for p in paid]
    yield "what all have", ["web"] * len(paid)
    yield "merchant", [_called(p["merchant_id"]) for p in paid]
    yield "many merchants", [draw.choice(("kiosk", "bakery", "flor")) for _ in paid]
    yield "host", [f"shop-{p['n']}.example" for p in paid]
    yield "nothing", [f"nothing-{p['n']}" for p in paid]


@contextmanager
def reading_whole(connection: Any, small: int = SMALL) -> Iterator[tuple[list[str], set[str]]]:
    """The questions that are asked within, and the tables of more than `small` rows that any of them reads whole."""
    asked: list[str] = []
    whole: set[str] = set()

    def wrapper(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip().upper().startswith("SELECT"):
            asked.append(sql)
            with connection.connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
                ((plan,),) = cursor.fetchall()
                whole.update(_whole(plan[0]["Plan"]))
        return execute(sql, params, many, context)

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND reltuples > %s", [small]
        )
        large = {name for (name,) in cursor.fetchall()}
    with connection.execute_wrapper(wrapper):
        yield asked, whole
    whole &= large


def _whole(plan: dict[str, Any]) -> Iterator[str]:
    """Tables that a plan reads from the beginning to the end, by the heap or by an index without a condition."""
    scan = plan["Node Type"]
    if scan == "Seq Scan" or (
        scan in ("Index Scan", "Index Only Scan") and "Index Cond" not in plan
    ):
        yield plan["Relation Name"]
    for part in plan.get("Plans", ()):
        yield from _whole(part)


def _called(merchant_id: UUID) -> str:
    """The beginning of the word that only this merchant of bench.crowded has in its name."""
    digest = hashlib.md5(str(merchant_id).encode(), usedforsecurity=False).hexdigest()
    return digest[:7].translate(str.maketrans("0123456789", "ghijklmnop"))


def _written(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02}"


if __name__ == "__main__":
    django.setup()
    print(json.dumps(looking(**json.load(sys.stdin))))
