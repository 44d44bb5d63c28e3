"""What a PSP's call takes by itself: `python -m bench.call <psp> <calls>`, with the official SDK, one by one.

It is what a payment would take if the platform took no time at all; its processor time is the SDK's
and the adapter's, the simulator's apart.
"""

import json
import sys
import time

import django

from bench.load import percentiles


def main(psp: str, calls: int) -> None:
    django.setup()
    from kernel.ids import encode, uuid7
    from kernel.money import Money
    from merchants.payment_methods.test_tokens import TEST_CARDS
    from paygate.psp.gateway import Approved, Authorize
    from paygate.psp.registry import gateway

    latencies = []
    cpu = 0.0
    for number in range(-calls // 10, calls):  # Those below zero warm up.
        request = Authorize(
            key=encode("att", uuid7()),
            payment=encode("pay", uuid7()),
            merchant=encode("mer", uuid7()),
            amount=Money(1000, "EUR"),
            token=TEST_CARDS["pm_card_visa"].tokens[psp],
            capture=True,
            shopper="shopper-1",
        )
        began, busy = time.perf_counter(), time.process_time()
        outcome = gateway(psp, livemode=False).send(request)
        if number >= 0:
            latencies.append((time.perf_counter() - began) * 1000)
            cpu += (time.process_time() - busy) * 1000
        assert isinstance(outcome, Approved), outcome
    print(json.dumps({"psp": psp, **percentiles(latencies), "sdk_cpu_ms": cpu / calls}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
