"""The bound: PostgreSQL alone, driven by pgbench with the very statements of the whole path.

Nothing that calls payment_write can be faster than this. One payment is two calls, claim and settle;
in groups of fifty it is a fiftieth of two. The ids are filled in by SQL, whose cost is PostgreSQL's.
"""

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg

from bench import cpu, database
from bench.run import UnableToMeasure, measure
from stack.postgres import programs
from stack.up import Stack

GROUPS = (1, 50)

#: A schema beside the platform's, of the owner. A place is sixteen hexadecimal digits: a client's n-th payment.
SCHEMA = """
DROP SCHEMA IF EXISTS bench CASCADE;
CREATE SCHEMA bench;
CREATE TABLE bench.template (beat text PRIMARY KEY, item text);
CREATE FUNCTION bench.steps(wanted text, client integer, n bigint, many integer) RETURNS jsonb
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    steps  text := '';
    filled text;
    place  text;
BEGIN
    FOR i IN 0 .. many - 1 LOOP
        place := lpad(to_hex(n * many + i), 12, '0') || '7' || lpad(to_hex(client), 3, '0');
        SELECT item INTO filled FROM bench.template WHERE beat = wanted;
        filled := replace(filled, '@@@@@@@@@@@@@@@@', place);
        place := substr(place, 1, 8) || '-' || substr(place, 9, 4) || '-' || substr(place, 13);
        steps := steps || ',{"ord":' || i || replace(filled, '@@@@@@@@-@@@@-@@@@', place);
    END LOOP;
    RETURN '[' || substr(steps, 2) || ']';
END $$;
"""

SCRIPT = """
\\set n :n + 1
SELECT count(*) FROM payment_write(bench.steps('claim', :client_id, :n, {group}));
SELECT count(*) FROM payment_write(bench.steps('settle', :client_id, :n, {group}));
"""


def bound(
    stack: Stack,
    *,
    clients: Sequence[int],
    seconds: float,
    psp: str = "stripe",
    told: Callable[[str], None] = lambda _: None,
) -> list[dict[str, Any]]:
    """For each size of group and number of clients. Raises UnableToMeasure when pgbench does."""
    prepare(stack, measure(stack, "steps", psp))
    measured = []
    for group in GROUPS:
        for number in clients:
            told(f"pgbench, groups of {group}, {number} clients")
            measured.append(one(stack, group=group, clients=number, seconds=seconds))
    return measured


def prepare(stack: Stack, beats: dict[str, str]) -> None:
    with psycopg.connect(stack.databases.owner, autocommit=True) as connection:
        connection.execute(SCHEMA)
        for beat, document in beats.items():
            item = document.removeprefix('[{"ord":0').removesuffix("]")
            connection.execute("INSERT INTO bench.template VALUES (%s, %s)", [beat, item])


def one(stack: Stack, *, group: int, clients: int, seconds: float) -> dict[str, Any]:
    """One size of group at one number of clients."""
    busy, counted = cpu.by_part(stack.processes.pids()), database.counters(stack)
    per_second, written = pgbench(stack, group=group, clients=clients, seconds=seconds)
    counted = database.between(counted, database.counters(stack))
    postgres = cpu.between(busy, cpu.by_part(stack.processes.pids()))["postgres"]
    while database.untold(stack):  # Or the relay would still be busy with it in the next one.
        time.sleep(0.1)
    return {
        "group": group,
        "clients": clients,
        "payments_per_second": per_second,
        "postgres_cpu_ms": postgres / written,
        "wal_bytes": counted["wal_bytes"] / written,
        "commits": counted["commits"] / written,
    }


def pgbench(stack: Stack, *, group: int, clients: int, seconds: float) -> tuple[float, int]:
    """Payments a second, and how many in all."""
    address = urlsplit(stack.databases.owner)
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(SCRIPT.format(group=group))
        script.flush()
        done = subprocess.run(
            [
                *(program(), "--no-vacuum", "--protocol=prepared", f"--file={script.name}"),
                *(f"--client={clients}", f"--time={max(1, round(seconds))}"),
                # No two runs and no two clients may make the same ids.
                f"--define=n={time.time_ns() // 10**8 * 10_000 // group}",
                *(
                    "-h",
                    str(address.hostname),
                    "-p",
                    str(address.port),
                    "-U",
                    str(address.username),
                ),
                address.path.lstrip("/"),
            ],
            env={**os.environ, "PGPASSWORD": unquote(address.password or "")},
            capture_output=True,
            text=True,
            check=False,
        )
    rate = re.search(r"tps = ([0-9.]+)", done.stdout)
    number = re.search(r"actually processed: ([0-9]+)", done.stdout)
    if done.returncode != 0 or rate is None or number is None:
        raise UnableToMeasure(f"pgbench: {done.stdout[-500:]}{done.stderr[-2000:]}")
    return float(rate[1]) * group, int(number[1]) * group


def program() -> Path:
    """pgbench lies beside the server. Raises UnableToMeasure where it was not installed with it."""
    found = programs() / "pgbench"
    if not found.exists():
        raise UnableToMeasure(f"{found} is not there; pgbench comes with PostgreSQL's full package")
    return found
