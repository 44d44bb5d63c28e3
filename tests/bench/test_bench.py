"""The bench runs and counts what it should; how fast anything is, no test says."""

import os
import subprocess
import sys

from bench import cpu
from bench.load import Ask, percentiles
from bench.receiving import whole
from bench.refunding import shares
from bench.spent import added, each
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


def test_a_request_is_whole_when_all_of_its_body_has_come() -> None:
    request = b'POST /hangs HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n{"a"'

    assert whole(request) == ("POST", "/hangs")
    assert [whole(request[:end]) for end in range(len(request))] == [None] * len(request)
    assert whole(b"GET /heard HTTP/1.1\r\nHost: a\r\n\r\n") == ("GET", "/heard")


def test_clients_share_all_that_is_to_be_given_back_and_parts_of_one_payment_stay_apart() -> None:
    asks = [Ask(0, b"", str(number).encode()) for number in range(7)] * 3
    given = shares(asks, 4)

    assert sorted(ask.body for share in given for ask in share) == sorted(ask.body for ask in asks)
    at_once = [{share[turn].body for share in given} for turn in range(5)]
    assert [len(bodies) for bodies in at_once] == [4] * 5


def test_what_was_spent_in_turns_is_added_and_shared_by_what_was_done() -> None:
    turns = [{"web": 10.0, "commits": 3}, {"web": 20.0, "commits": 6}]

    assert each(added(turns), 3) == {"web": 10.0, "commits": 3.0}
    assert each(added(turns), 0) == {"web": 30.0, "commits": 9.0}
    assert added([]) == {}
