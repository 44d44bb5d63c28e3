"""A day in the life, then the proof: `python -m stack.demo` (`make demo`).

Two merchants send hundreds of payments and refunds through the real HTTP API while the PSPs misbehave, and so do
their webhooks; with --kill our own processes are killed as well. Then months pass at the PSPs: payers dispute, the
merchants' desk answers, banks decide and take cases up again, refunds and captures come back. Then a fortnight of
payouts (fortnight.py), a day in the back office (office.py), and a night in which the PSPs' files meet our books
(night.py). When the dust has settled nothing may be unresolved, the proof must hold, our books must agree with those
of each PSP's simulator and of the bank's, to the cent, what was wrong in the files must have been found and nothing
else, and each merchant's endpoint must have heard every event, each object's in order. The exit code says whether so.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import redis
import requests
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from stack.desk import Desk
from stack.endpoint import Endpoint
from stack.fortnight import Stage
from stack.mischief import TOLD_AT_LAST, WEBHOOKS, Psps
from stack.night import Night
from stack.office import Office
from stack.processes import UnableToStart
from stack.regulars import introduce
from stack.report import Day, console, report
from stack.shoppers import Journal, Shop, errands
from stack.up import Stack, show, stay
from stack.witness import compare, compare_payouts

#: How often the PSPs do what, of a hundred calls that move money.
FAULTS = {
    "timeout_after": 0.03,  # It happened, and nobody says so.
    "timeout_before": 0.02,
    "error_after": 0.03,
    "error_before": 0.02,
    "reset_after": 0.02,
    "reset_before": 0.02,
    "slow_drip": 0.01,
    "rate_limit": 0.01,
    "malformed": 0.01,
    "late": 0.01,
}
#: A demo has less patience than production: PSP time-outs in seconds, and what follows from them.
PATIENCE = {
    "PSP_CONNECT_TIMEOUT": "1",
    "PSP_READ_TIMEOUT": "2",
    "PSP_HORIZON": "10",
    "CALL_OVER_AFTER": "6",
    "RESEND_FOR": "20",
    "OUTCOME_PATIENCE": "5",
    "LONGEST_PAUSE": "20",
    "DISPUTES_POLL_EVERY": "5",
    "NOTICES_SCHEDULE": "0,0.5,1,1,2,2,4,4,8,8,15,15,30,30",
    "NOTICES_DEADLINE": "5",
    "BANK_CONNECT_TIMEOUT": "1",
    "BANK_READ_TIMEOUT": "3",
    "BANK_HORIZON": "10",
    "STATEMENTS_LOOK_AGAIN": "2",
}
VICTIMS = [
    "web",
    "worker-stripe",
    "worker-adyen",
    "worker-braintree",
    "worker-default",
    "worker-notices",
    "worker-payouts",
    "worker-reconciliation",
    "relay",
    "beat",
]
MERCY = 12.0  # Seconds a killed process gets before it may be killed again: it has to start first.
LAPSES = {
    ("authorized", "expired"),
    ("partially_captured", "captured"),
}  # Of what is held, in months.
REGULARS = 60  # Of the shoppers' user ids, a merchant's customers.
SETTLING = 120.0  # Seconds within which nothing may be left unresolved.
HEARING = 60.0  # … and within which what the PSPs know of disputes is known here.


def main() -> int:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--payments", type=int, default=640)
    parser.add_argument("--shoppers", type=int, default=24, help="how many buy at the same time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kill", action="store_true", help="kill -9 our own processes meanwhile")
    parser.add_argument("--flush", action="store_true", help="flush Redis meanwhile")
    parser.add_argument("--folder", default=os.environ.get("STACK", ".stack") + "/demo")
    parser.add_argument("--json", help="write the result to this file as well")
    parser.add_argument(
        "--stay", action="store_true", help="leave everything running afterwards, until ctrl-C"
    )
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    began = time.monotonic()
    shutil.rmtree(options.folder, ignore_errors=True)  # A demo is a day of its own.
    console.print(f"[bold]paygate demo[/]  seed {options.seed}, {options.payments} payments")
    environment = {**PATIENCE, "CLOCK_SHIFT_FILE": str(clock_of(options))}
    try:
        with Stack(options.folder, environment=environment, private=True) as stack:
            console.print(f"everything is up after {time.monotonic() - began:.0f} s  {stack.api}\n")
            good = day(stack, options)
            if options.stay:
                show(stack)
                stay()
    except KeyboardInterrupt:
        console.print("Stopped.")
        return 130
    except UnableToStart as trouble:
        console.print(f"[red]{trouble}[/]")
        return 2
    console.print(f"took {time.monotonic() - began:.0f} s in all")
    return 0 if good else 1


def clock_of(options: argparse.Namespace) -> Path:
    """The file that says by how much everybody's clock is set forward."""
    return Path(options.folder).resolve() / "clock"


def day(stack: Stack, options: argparse.Namespace) -> bool:
    """The whole day, and the months after it; whether it ended well."""
    with Endpoint(seed=options.seed) as endpoint:
        return _day(stack, endpoint, options)


def _day(stack: Stack, endpoint: Endpoint, options: argparse.Namespace) -> bool:
    journal = Journal()
    psps = Psps(stack.simulators, seed=options.seed)
    for merchant in stack.merchants:
        subscribe(stack, endpoint, merchant)
        introduce(stack.api, merchant["secret_key"], users=REGULARS, seed=options.seed)
    psps.webhooks_go_wrong(WEBHOOKS, seed=options.seed)
    secrets = [merchant["secret_key"] for merchant in stack.merchants]
    plan = errands(options.payments, secrets, seed=options.seed)
    misbehave(stack, FAULTS, seed=options.seed)
    with trouble(stack, options) as suffered:
        shop = Shop(stack.api, journal)
        with progress() as bar, ThreadPoolExecutor(options.shoppers) as shoppers:
            task = bar.add_task("payments", total=len(plan))
            running = [shoppers.submit(shop.run, errand) for errand in plan]
            try:
                while not all(one.done() for one in running):
                    bar.update(task, completed=journal.done)
                    time.sleep(0.2)
            finally:  # Also by ctrl-C: then nobody waits for what shops still want.
                shop.closed.set()
                shoppers.shutdown(cancel_futures=True)
            bar.update(task, completed=journal.done)
            for one in running:
                one.result()
        desk = Desk(stack.api, secrets, seed=options.seed)
        months_after(stack, psps, desk, seed=options.seed)
    faults = injected(stack)
    misbehave(stack, {}, seed=options.seed)
    psps.webhooks_go_wrong({}, seed=options.seed)
    endpoint.calm.set()  # Or a merchant who is out for days would be given up on, as is right.
    settle_down(stack, psps)
    unheard(stack, endpoint)
    stage = Stage(stack, psps, clock=clock_of(options), seed=options.seed)
    with console.status("a fortnight") as status:
        fortnight = stage.play(lambda what: status.update(f"a fortnight: {what}"))
    settle_down(stack, psps)
    office = Office(stack, psps, clock=clock_of(options), seed=options.seed)
    with console.status("the office") as status:
        worked = office.play(lambda what: status.update(f"the office: {what}"))
    settle_down(stack, psps)
    night = Night(stack, psps, clock=clock_of(options), seed=options.seed)
    with console.status("the night") as status:
        reconciled = night.play(lambda what: status.update(f"the night: {what}"))
    unresolved = settle_down(stack, psps)
    proof = prove(stack)
    comparison = compare(stack.databases.owner, stack.simulators, reconciled.planted)
    paid = compare_payouts(stack.databases.owner, stack.simulators, stack.bank)
    told = untold(stack)
    broken_promises = promises(stack, journal)
    undelivered = unheard(stack, endpoint)
    comparison.disagreements += cases(stack, psps)
    comparison.disagreements += [f"heard out of order: {what}" for what in endpoint.out_of_order()]
    comparison.disagreements += [f"changed on a retry: {e}" for e in endpoint.changed_on_retry]
    ended = Day(
        journal=journal,
        psps=psps,
        desk=desk,
        endpoint=endpoint,
        faults=faults,
        suffered=suffered,
        unresolved=unresolved,
        untold=told,
        undelivered=undelivered,
        broken_promises=broken_promises,
        proof=proof,
        comparison=comparison,
        fortnight=fortnight,
        reconciled=reconciled,
        worked=worked,
        paid=paid,
    )
    report(stack, ended)
    if options.json:
        Path(options.json).write_text(json.dumps(ended.as_json(), indent=2))
    if options.stay:
        office.leave_work()
    return ended.good


def subscribe(stack: Stack, endpoint: Endpoint, merchant: dict[str, str]) -> None:
    """The merchant's endpoint is told everything from now on."""
    reply = requests.post(
        f"{stack.api}/v1/webhook_endpoints",
        json={"url": endpoint.url(merchant["id"]), "enabled_events": ["*"]},
        headers={"Authorization": f"Bearer {merchant['secret_key']}"},
        timeout=10,
    )
    reply.raise_for_status()
    endpoint.trusts(merchant["id"], reply.json()["secret"])


def months_after(stack: Stack, psps: Psps, desk: Desk, *, seed: int) -> None:
    """Payments settle, payers dispute, the desk answers, banks decide; and some take it up again."""
    psps.webhooks_go_wrong(TOLD_AT_LAST, seed=seed + 1)
    with console.status("the night: payments settle, payers dispute"):
        psps.days_pass(1)
        wait_for_cases(stack, psps)
    with console.status("the desk answers the disputes"):
        desk.answer()
    with console.status("two months: banks decide, refunds and captures come back"):
        psps.people_at_work(stack.databases.owner)
        psps.days_pass(31)
        wait_for_cases(stack, psps)
        if psps.escalate(most=2):
            wait_for_cases(stack, psps)
            desk.answer(ways=("proved badly", "left alone"))
            psps.days_pass(31)
            wait_for_cases(stack, psps)


def wait_for_cases(stack: Stack, psps: Psps) -> None:
    """Until what the PSPs know of disputes is known here, or patience ends: the report will say so."""
    deadline = time.monotonic() + HEARING
    while cases(stack, psps) and time.monotonic() < deadline:
        time.sleep(0.5)


@contextmanager
def trouble(stack: Stack, options: argparse.Namespace) -> Iterator[Counter[str]]:
    """What we do to ourselves meanwhile: kill -9 and FLUSHALL, by the seed; counts what was done."""
    done: Counter[str] = Counter()
    over = threading.Event()
    draw = random.Random(options.seed)

    def strike() -> None:
        struck: dict[str, float] = {}
        while not over.wait(draw.uniform(3.0, 7.0)):
            alive = [v for v in VICTIMS if time.monotonic() - struck.get(v, -MERCY) > MERCY]
            if options.kill and alive:
                victim = draw.choice(alive)
                struck[victim] = time.monotonic()
                stack.processes.kill(victim, signal.SIGKILL)
                done[f"kill -9 {victim}"] += 1
            if options.flush and draw.random() < 0.4:
                redis.Redis.from_url(stack.redis_url).flushall()
                done["FLUSHALL"] += 1

    striking = threading.Thread(target=strike, daemon=True)
    if options.kill or options.flush:
        striking.start()
    try:
        yield done
    finally:
        over.set()
        if striking.is_alive():
            striking.join()


def misbehave(stack: Stack, probabilities: dict[str, float], *, seed: int) -> None:
    """Tell each simulator how to misbehave; {} for not at all."""
    for place, url in enumerate(stack.simulators.values()):
        requests.post(
            f"{url}/_control/faults",
            json={
                "seed": seed * 10 + place,
                "probabilities": probabilities,
                "hang_seconds": 4,
                "late_seconds": 3,
            },
            timeout=10,
        ).raise_for_status()


def injected(stack: Stack) -> dict[str, int]:
    """The faults that the simulators did inject."""
    total: Counter[str] = Counter()
    for url in stack.simulators.values():
        total.update(requests.get(f"{url}/_control/faults", timeout=10).json()["injected"])
    return dict(total)


def settle_down(stack: Stack, psps: Psps) -> int:
    """Wait until everything asked of a PSP has its outcome; how many are open when patience ends."""
    with (
        psycopg.connect(stack.databases.owner, autocommit=True) as connection,
        console.status("waiting until nothing is unresolved"),
    ):
        deadline = time.monotonic() + SETTLING
        while psps.waiting() and time.monotonic() < deadline:
            time.sleep(0.3)
        return sum(
            _until_none(connection, rows, max(1.0, deadline - time.monotonic()))
            for rows in (
                "psp_event WHERE state = 'received'",
                "payment_attempt WHERE finished_at IS NULL",
                "dispute_act WHERE finished_at IS NULL",
                "payout WHERE state = 'in_transit'",
                "payout_file WHERE state = 'made'",
            )
        )


def unheard(stack: Stack, endpoint: Endpoint) -> int:
    """Events that no merchant's endpoint has accepted a minute after the end."""
    deadline = time.monotonic() + 60.0
    with (
        psycopg.connect(stack.databases.owner, autocommit=True) as connection,
        console.status("waiting until every event was heard"),
    ):
        while True:
            missing = sum(
                event not in endpoint.accepted(merchant)
                for event, merchant in connection.execute(
                    "SELECT public_id('evt', id), public_id('mer', merchant_id) FROM outbox_event"
                    " WHERE topic ~ '^(payment|refund|dispute|payout|payout_destination)[.]'"
                    " AND created_at > (SELECT min(created_at) FROM webhook_endpoint)"
                )
            )
            if not missing or time.monotonic() > deadline:
                return missing
            time.sleep(0.5)


def cases(stack: Stack, psps: Psps) -> list[str]:
    """Where a dispute stands otherwise here than at its PSP, in sentences."""
    with psycopg.connect(stack.databases.owner) as connection:
        ours = {
            (psp, case): status
            for psp, case, status in connection.execute(
                "SELECT c.psp, c.psp_reference, d.status FROM dispute_case c"
                " JOIN dispute d ON d.merchant_id = c.merchant_id AND d.id = c.dispute_id"
            )
        }
    found = []
    for psp in stack.simulators:
        theirs = psps.disputes(psp)
        continued = {dispute.get("original") for dispute in theirs}
        for dispute in theirs:
            if dispute["id"] in continued:
                continue  # The next round says how it stands.
            here, there = ours.get((psp, dispute["id"])), standing(str(dispute["status"]))
            if here != there:
                found.append(f"{psp} {dispute['id']} is {there} there, and {here} here")
    return found


def standing(status: str) -> str:
    """A PSP's word for how a dispute stands, in ours."""
    word = status.lower().removeprefix("warning_")
    return STANDING.get(word, word)


STANDING = {
    "open": "needs_response",
    "undefended": "needs_response",
    "needs_response": "needs_response",
    "disputed": "under_review",
    "pending": "under_review",
    "under_review": "under_review",
    "closed": "won",
    "accepted": "lost",
    "auto_accepted": "lost",
    "expired": "lost",
}


def untold(stack: Stack) -> int:
    """Events that the relay has not told within ten seconds of the end."""
    with psycopg.connect(stack.databases.owner, autocommit=True) as connection:
        return _until_none(connection, "outbox_event WHERE told_at IS NULL", 10.0)


def _until_none(connection: psycopg.Connection[Any], rows: LiteralString, seconds: float) -> int:
    """Wait until there are no such rows; how many there still are when the time is up."""
    deadline = time.monotonic() + seconds
    while True:
        row = connection.execute(f"SELECT count(*) FROM {rows}").fetchone()  # noqa: S608
        left = int(row[0]) if row else 0
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.3)


def prove(stack: Stack) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "manage.py", "prove", "--json"],
        env=stack.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if not done.stdout.strip():
        raise RuntimeError(done.stderr)
    proof: dict[str, Any] = json.loads(done.stdout)
    return proof


def promises(stack: Stack, journal: Journal) -> list[str]:
    """What shops were told at last, against what the database says: each acknowledgement must hold."""
    with psycopg.connect(stack.databases.owner) as connection:
        now = {
            row[0]: row[1:]
            for row in connection.execute(
                "SELECT public_id('pay', id), state, amount_captured FROM payment"
            )
        }
        given: dict[str, int] = dict(
            connection.execute("SELECT public_id('re', id), amount FROM refund").fetchall()
        )
        taken_back = {
            row[0]
            for row in connection.execute(
                "SELECT public_id('pay', a.payment_id) FROM ledger_transaction t JOIN payment_attempt a"
                " ON a.merchant_id = t.merchant_id AND public_id('att', a.id) = t.source"
                " WHERE t.kind = 'payment.capture_reversed'"
            )
        }
    broken = []
    for payment in journal.acknowledged:
        state, captured = now.get(payment["id"], (None, None))
        lapsed = (payment["status"], state) in LAPSES and captured == payment["amount_captured"]
        if lapsed or payment["id"] in taken_back:
            continue  # Months have passed; and what a PSP takes back it had told us otherwise.
        if (state, captured) != (payment["status"], payment["amount_captured"]):
            broken.append(
                f"{payment['id']}: told {payment['status']} {payment['amount_captured']},"
                f" is {state} {captured}"
            )
    for refund in journal.refunds.values():
        amount = given.get(refund["id"])
        if amount != refund["amount"]:
            broken.append(f"{refund['id']}: told {refund['amount']}, is {amount}")
    return broken


def progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )


if __name__ == "__main__":
    sys.exit(main())
