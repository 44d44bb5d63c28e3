"""On what, and how quiet it was: figures without this say nothing."""

import os
import platform
import subprocess
import time
from pathlib import Path
from typing import Any

from stack.processes import ROOT


def machine() -> dict[str, Any]:
    """Processor, cores, load and commit. Linux only."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    return {
        "processor": models[0] if models else platform.machine(),
        "cores": os.cpu_count() or 1,
        "python": platform.python_version(),
        "commit": commit or "unknown",
        **quiet(),
    }


def quiet() -> dict[str, float]:
    """The load average, and milliseconds of CPU for a fixed piece of Python.

    The second tells by how much neighbours slow this machine's cores: CPU milliseconds of two runs
    are compared after dividing by it.
    """
    busy = time.process_time()
    total = 0
    for number in range(1_000_000):
        total += number % 7
    return {
        "load_average": os.getloadavg()[0],
        "yardstick_ms": (time.process_time() - busy) * 1000,
    }
