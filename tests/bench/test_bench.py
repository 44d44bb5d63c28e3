"""The bench runs and counts what it should; how fast anything is, no test says."""

import os
import subprocess
import sys

from bench import cpu
from bench.load import percentiles
from bench.steps import fill_out


def test_a_programs_time_is_also_that_of_its_children_dead_or_alive() -> None:
    burning = "sum(range(3_000_000))"
    child = f"[sys.executable, '-c', '{burning}']"
    script = (
        f"import subprocess, sys; subprocess.run({child}); subprocess.Popen({child}).wait();"
        "print('burnt', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        program.stdout.readline()
        spent = cpu.by_part({"web": program.pid})
        own = cpu._processes()[program.pid][1]
        grandparent = cpu.by_part({"web": os.getpid()})
        program.communicate("")

    assert spent["web"] == own > 0
    assert grandparent["web"] > spent["web"]
    assert spent["postgres"] == 0


def test_an_id_gets_the_same_place_in_both_beats_and_two_ids_get_two() -> None:
    merchant, one, other = (f"0192aaaa-bbbb-7ccc-8ddd-00000000000{number}" for number in range(3))
    public = "pay_" + "0" * 25 + "1"

    claim, settle = fill_out(
        [f"{merchant} {one} {public}", f"{one} {other} {public}"], keep=merchant
    )

    kept, first, text = claim.split()
    assert kept == merchant
    assert settle.split() == [first, settle.split()[1], text]
    assert len({first, settle.split()[1]}) == 2
    assert len(first) == len(one)
    assert len(text) == len(public)
    assert "@" in first
    assert "@" in text


def test_percentiles_are_of_what_was_measured() -> None:
    assert percentiles([float(number) for number in range(101)]) == {"p50_ms": 50.0, "p99_ms": 99.0}
    assert percentiles([7.0]) == {"p50_ms": 7.0, "p99_ms": 7.0}
    assert percentiles([]) == {"p50_ms": 0, "p99_ms": 0}
