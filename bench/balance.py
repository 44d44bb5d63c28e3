"""A balance over many entries, summed and from a checkpoint: `python -m bench.balance <entries>`."""

import json
import statistics
import sys
import time
from datetime import UTC, datetime

import django


def main(entries: int) -> None:
    django.setup()
    from kernel.ids import encode, uuid7
    from kernel.money import Money
    from ledger import chart
    from ledger.balances import balance
    from ledger.checkpoints import make_checkpoints
    from ledger.post import LARGEST, post_many
    from ledger.recipes.payments import payment_captured

    merchant, at = uuid7(), datetime.now(UTC)
    for start in range(0, entries, LARGEST):
        post_many(
            [
                (
                    payment_captured(
                        merchant=merchant,
                        livemode=False,
                        psp="stripe",
                        source=encode("att", uuid7()),
                        gross=Money(1000, "EUR"),
                        fee=Money(54, "EUR"),
                    ),
                    at,
                )
                for _ in range(min(LARGEST, entries - start))
            ]
        )

    def asked() -> tuple[float, int]:
        milliseconds = []
        for _ in range(21):
            began = time.perf_counter()
            found = balance(
                merchant, livemode=False, account=chart.merchant_pending(), currency="EUR"
            )
            milliseconds.append((time.perf_counter() - began) * 1000)
        return statistics.median(milliseconds), found.minor

    summed, before = asked()
    make_checkpoints(merchant=merchant)
    checkpointed, after = asked()
    assert before == after == entries * 946
    print(json.dumps({"entries": entries, "summed_ms": summed, "checkpoint_ms": checkpointed}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
