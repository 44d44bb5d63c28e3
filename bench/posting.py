"""Posts into the books for some seconds: `python -m bench.posting`, its orders as JSON on standard input."""

import json
import random
import sys
import time
from datetime import UTC, datetime
from typing import Any

import django

WARM_UP = 10  # Calls after which PostgreSQL has its plans.


def main(*, merchants: int, batch: int, seconds: float, seed: int, at: float) -> dict[str, Any]:
    """Captured payments of three entries, from the moment `at` on (Unix time).

    `batch` 1 is `post`, more is `post_many`; with one merchant all of it goes into one book.
    """
    django.setup()
    from uuid import UUID

    from kernel.ids import encode, uuid7
    from kernel.money import Money
    from ledger.post import Posted, post, post_many
    from ledger.recipes.payments import payment_captured
    from ledger.transaction import Transaction

    draw = random.Random(seed)

    def item() -> tuple[Transaction, datetime]:
        transaction = payment_captured(
            merchant=UUID(int=0x7 << 76 | 0b10 << 62 | 1 + draw.randrange(merchants)),
            livemode=False,
            psp="stripe",
            source=encode("att", uuid7()),
            gross=Money(1000, "EUR"),
            fee=Money(54, "EUR"),
        )
        return transaction, datetime.now(UTC)

    def some() -> int:
        if batch == 1:
            transaction, effective_at = item()
            post(transaction, effective_at=effective_at)
            return 1
        return sum(isinstance(done, Posted) for done in post_many([item() for _ in range(batch)]))

    for _ in range(WARM_UP):
        some()
    time.sleep(max(0.0, at - time.time()))
    posted = 0
    began, busy = time.perf_counter(), time.process_time()
    while time.perf_counter() - began < seconds:
        posted += some()
    took = time.perf_counter() - began
    return {
        "posted": posted,
        "per_second": posted / took,
        "python_cpu_ms": (time.process_time() - busy) * 1000,
    }


if __name__ == "__main__":
    print(json.dumps(main(**json.load(sys.stdin))))
