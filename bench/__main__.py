"""Measure the platform on this machine: `python -m bench [--quick] [--json FILE] [whole-path|refunds|inbound|…]`.

A private stack is started afresh, without faults and with fsync on. Nothing here is a test: no
figure can fail. Linux only, since processor time is read from /proc.
"""

import argparse
import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

from rich.console import Console

from bench import database, tables
from bench.books import books
from bench.bound import bound, program
from bench.deliveries import deliveries
from bench.finding import finding
from bench.inbound import inbound
from bench.machine import machine, quiet
from bench.money_out import money_out
from bench.reconciliation import reconciliation
from bench.refunds import refunds
from bench.run import UnableToMeasure
from bench.whole_path import MIXES, whole_path
from stack.lodging import vacate
from stack.processes import UnableToStart
from stack.up import PSPS, Stack

PARTS = (
    *("whole-path", "refunds", "inbound", "deliveries", "bound", "books", "money-out"),
    *("reconciliation", "finding"),
)
CLIENTS = (1, 2, 4, 8, 16, 32)
REFUNDING = (1, 8, 16)  # Of these.
TELLING = (1, 8, 32)  # Of these.
CONNECTIONS = (1, 2, 4, 8)
FOUND_AMONG = 1_000_000  # Payments.
LINES = (100_000, 1_000_000)  # Of a settlement file.


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS) + "; default all")
    parser.add_argument("--quick", action="store_true", help="a second a figure, fewer of them")
    parser.add_argument("--seconds", type=float, help="for each figure, default 10")
    parser.add_argument("--clients", help="how many at once, such as 1,16")
    parser.add_argument("--psps", help="stripe, adyen, braintree and mixed, by commas")
    parser.add_argument("--merchants", type=int, help="who are paid at once, default 100000")
    parser.add_argument("--lines", help="of a settlement file, default 100000,1000000")
    parser.add_argument(
        "--payments", type=int, default=FOUND_AMONG, help="to find one among, default 1000000"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the data there as well")
    parser.add_argument("--folder", type=Path, default=Path(os.environ.get("STACK", ".stack")))
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(unknown)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        results = run(options)
    except (UnableToStart, UnableToMeasure) as reason:
        sys.exit(str(reason))
    tables.show(results, Console(highlight=False, width=160))
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Everything asked for, as data."""
    folder = options.folder / "bench"
    if folder.exists():
        vacate(folder / "postgres")  # The data of an earlier run would be in the way.
        shutil.rmtree(folder)
    parts = options.parts or PARTS
    if "bound" in parts:
        program()  # Now, rather than when all else is measured.
    seconds = options.seconds or (1.0 if options.quick else 10.0)
    clients = numbers(options.clients) or ((1, 8) if options.quick else CLIENTS)
    progress = Console(stderr=True, highlight=False)

    def told(text: str) -> None:
        progress.print(f"[dim]{text}[/]")

    with Stack(folder, private=True) as stack:
        results: dict[str, Any] = {"machine": machine(), "database": database.described(stack)}
        if "whole-path" in parts:
            mixes = tuple(options.psps.split(",")) if options.psps else tuple(MIXES)
            results["whole-path"] = whole_path(
                stack, clients=clients, seconds=seconds, mixes=mixes, told=told
            )
        if "refunds" in parts:
            asked = options.psps.split(",") if options.psps else PSPS
            results["refunds"] = refunds(
                stack,
                clients=numbers(options.clients) or [n for n in clients if n in REFUNDING],
                seconds=seconds,
                psps=[psp for psp in PSPS if psp in asked],
                told=told,
            )
        if "inbound" in parts:
            results["inbound"] = inbound(
                stack,
                clients=numbers(options.clients) or [n for n in clients if n in TELLING],
                seconds=seconds,
                told=told,
            )
        if "deliveries" in parts:
            results["deliveries"] = deliveries(stack, seconds=seconds, told=told)
        if "bound" in parts:
            results["bound"] = bound(stack, clients=clients, seconds=seconds, told=told)
        if "books" in parts:
            results["books"] = books(
                stack,
                connections=(1, 2) if options.quick else CONNECTIONS,
                seconds=seconds,
                entries=5_000 if options.quick else 100_000,
                told=told,
            )
        if "money-out" in parts:  # The last ones: they stop what else would pay, or read.
            merchants = options.merchants or (5_000 if options.quick else 100_000)
            results["money-out"] = money_out(stack, merchants=merchants, told=told)
        if "reconciliation" in parts:
            lines = numbers(options.lines) or ((5_000,) if options.quick else LINES)
            results["reconciliation"] = reconciliation(stack, lines=lines, told=told)
        if "finding" in parts:
            payments = 20_000 if options.quick else options.payments
            results["finding"] = finding(stack, payments=payments, told=told)
    return {**results, "after": quiet()}


def numbers(text: str | None) -> tuple[int, ...]:
    return tuple(map(int, text.split(","))) if text else ()


if __name__ == "__main__":
    main()
