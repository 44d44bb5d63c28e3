"""python -m simulators stripe --port 9101 --books DIR/stripe.jsonl"""

from __future__ import annotations

import argparse
import asyncio
import gc
import signal
import sys
import traceback
from pathlib import Path

from simulators.books import Books
from simulators.clock import Clock
from simulators.control import controlled
from simulators.faults import Faults
from simulators.http import listen
from simulators.psp import Psp
from simulators.simulator import Simulator


def _simulator(name: str) -> type[Simulator]:
    match name:
        case "stripe":
            from simulators.stripe.server import Stripe

            return Stripe
        case "adyen":
            from simulators.adyen.server import Adyen

            return Adyen
        case "braintree":
            from simulators.braintree.server import Braintree

            return Braintree
        case "bank":
            from simulators.bank.server import Bank

            return Bank
    raise AssertionError(name)


async def _run(arguments: argparse.Namespace) -> None:
    clock = Clock()
    simulator = _simulator(arguments.name)(
        clock=clock,
        books=Books(arguments.name, clock, arguments.books),
        faults=Faults(arguments.seed),
        latency=arguments.latency_ms / 1000,
    )
    server = await listen(
        controlled(simulator),
        host=arguments.host,
        port=arguments.port,
        body_max=simulator.body_max,
    )
    if arguments.webhooks and isinstance(simulator, Psp):  # A bank is asked; it tells nobody.
        simulator.webhooks.configure({"url": arguments.webhooks})
    ticking = asyncio.create_task(_tick(simulator))
    ended = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, ended.set)
    port = server.sockets[0].getsockname()[1]
    print(f"{arguments.name} simulator on http://{arguments.host}:{port}", flush=True)  # noqa: T201
    await ended.wait()
    ticking.cancel()
    server.close()  # Calls that are still held end with the process, unanswered.


async def _tick(simulator: Simulator) -> None:
    """Time passes by itself as well."""
    while True:
        await asyncio.sleep(0.5)
        try:
            simulator.expire(simulator.clock.now())
        except Exception:  # The process must outlive a mistake of its own.
            traceback.print_exc(file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m simulators", description=__doc__)
    parser.add_argument("name", choices=("stripe", "adyen", "braintree", "bank"))
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--books", type=Path, help="a file to which the books are written")
    parser.add_argument("--webhooks", default="", help="the address that is told what happens")
    parser.add_argument("--seed", type=int, default=1, help="of the faults' probabilities")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="thinking time of each call")
    gc.freeze()  # Nearly everything here lives as long as the process: looking for what died is
    gc.set_threshold(50_000, 20, 100)  # a tenth of a call's cost, and finds next to nothing.
    asyncio.run(_run(parser.parse_args()))


if __name__ == "__main__":
    main()
