"""The whole platform: up with one command, mended when something dies, gone without a trace."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

from stack.processes import ROOT
from stack.up import PSPS, programs

PORTS = dict.fromkeys(["web", *PSPS], 0)


def queues(commands: list[list[str]]) -> list[str]:
    return sorted(command[command.index("-Q") + 1] for command in commands if "-Q" in command)


def test_every_psp_has_a_worker_of_its_own() -> None:
    assert set(PSPS) == set(settings.PSPS)
    assert queues(list(programs(Path(), PORTS).values())) == sorted(
        [
            *(f"psp.{psp}" for psp in settings.PSPS),
            "notices",
            "payouts",
            "reconciliation",
            settings.CELERY_TASK_DEFAULT_QUEUE,
        ]
    )


def test_containers_run_what_one_machine_runs() -> None:
    everything = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    services = {name: run for name, run in everything.items() if "profiles" not in run}
    here = programs(Path(), PORTS)

    assert set(services) - {"postgres", "redis", "migrate"} == set(here)
    assert queues([service.get("command", []) for service in services.values()]) == queues(
        list(here.values())
    )


@pytest.mark.stack
def test_up_runs_until_it_is_told_to_end_and_mends_what_dies(tmp_path: Path) -> None:
    published = tmp_path / "addresses.json"
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    command = [sys.executable, "-m", "stack.up", "--stack", str(tmp_path)]
    up = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        addresses = told(published, up, until=lambda now: bool(now))
        simulators = [*addresses["simulators"].values(), addresses["bank"]]
        for path in (
            addresses["api"] + "/readyz",
            addresses["docs"],
            addresses["admin"],
            addresses["metrics"],
            *(f"{simulator}/_control/health" for simulator in simulators),
        ):
            with urllib.request.urlopen(path) as answer:
                assert answer.status == 200
        assert addresses["merchants"][0]["secret_key"].startswith("sk_test_")

        again = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        assert again.returncode == 1
        assert f"in use by process {up.pid}" in again.stderr

        os.kill(addresses["processes"]["web"], signal.SIGKILL)
        pids = told(
            published,
            up,
            until=lambda now: now["processes"]["web"] != addresses["processes"]["web"],
        )["processes"]
    finally:
        up.send_signal(signal.SIGINT)
        output, _ = up.communicate()
    assert up.returncode == 0, output.decode()
    assert not published.exists()
    assert not [name for name, pid in pids.items() if Path(f"/proc/{pid}").exists()]


def told(file: Path, up: "subprocess.Popen[bytes]", *, until: Any) -> dict[str, Any]:
    """What addresses.json says, once it says what we wait for."""
    deadline = time.monotonic() + 120
    while True:
        assert up.poll() is None, up.communicate()[0].decode()
        assert time.monotonic() < deadline, "the stack did not come so far"
        if file.exists() and until(now := json.loads(file.read_text())):
            return dict(now)
        time.sleep(0.1)
