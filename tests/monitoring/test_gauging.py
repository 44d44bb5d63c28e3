"""Processes of one machine count into one folder, and one page shows them all: also those that were killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from kernel import gauging
from tests.monitoring.conftest import label

COUNTS = """
import sys, django
django.setup()
from paygate.metrics import ATTEMPTS, DATABASE_POOL, TASK_DONE_AT, timed
ATTEMPTS.labels("stripe", "capture", "approved").inc(int(sys.argv[1]))
DATABASE_POOL.labels("open").set(int(sys.argv[2]))
TASK_DONE_AT.labels("x").set(int(sys.argv[3]))
with timed("stripe", "capture"):
    pass
print("counted", flush=True)
sys.stdin.read()
"""

ATTEMPTS = label("paygate_attempts_total", psp="stripe", operation="capture", outcome="approved")
OPEN = label("paygate_database_pool", state="open")
DONE_AT = label("paygate_task_done_at_seconds", task="x")
CALLS = label("paygate_psp_call_seconds_count", psp="stripe", operation="capture")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(gauging.FOLDER, str(tmp_path))
    return tmp_path


@contextmanager
def counting(root, *numbers):
    """A process of ours that has counted, and lives."""
    process = subprocess.Popen(
        [sys.executable, "-c", COUNTS, *map(str, numbers)],
        cwd=root,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "paygate.settings.test"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout.readline() == "counted\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def shown():
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(generate_latest(gauging.page()).decode())
        for sample in family.samples
    }


def test_what_all_have_counted_is_added_up_and_what_the_dead_had_is_gone(root, folder):
    with counting(root, 2, 5, 100) as first, counting(root, 3, 7, 90):
        page = shown()
        assert (page[ATTEMPTS], page[CALLS], page[OPEN], page[DONE_AT]) == (5, 2, 12, 100)

        first.send_signal(signal.SIGKILL)
        first.wait()
        page = shown()
        assert (page[ATTEMPTS], page[CALLS], page[OPEN], page[DONE_AT]) == (5, 2, 7, 100)


def test_a_server_s_worker_that_has_ended_is_buried_by_name(root, folder):
    with counting(root, 1, 5, 1) as worker:
        gauging.bury(worker.pid)
        assert [file.name for file in folder.glob("gauge_live*")] == []
        assert list(folder.glob("counter*"))


def test_processes_of_other_hosts_are_not_taken_for_dead(folder, monkeypatch):
    theirs = folder / "gauge_livesum_another.host-1-999999.db"
    theirs.touch()
    ours = folder / f"gauge_livesum_{gauging.identity(999_999_999)}.db"
    ours.touch()
    gauging.bury_the_dead(folder)

    assert theirs.exists()
    assert not ours.exists()


@pytest.mark.parametrize("host", ["web_1", "a/b", "x y"])
def test_a_host_s_name_never_breaks_a_file_s(host, monkeypatch):
    monkeypatch.setattr(gauging, "_HOST", host)
    assert set(gauging.identity(7)) & {"_", "/", " "} == set()
    assert gauging.identity(7).endswith("-7")


def test_without_a_folder_a_process_shows_itself(monkeypatch):
    monkeypatch.delenv(gauging.FOLDER, raising=False)
    assert any(name.startswith("python_info") for name, *_ in shown())
