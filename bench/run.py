"""Runs a measuring program beside the stack, in the stack's environment; it prints its result as JSON."""

import json
import subprocess
import sys
import tempfile
from typing import Any

from stack.processes import ROOT
from stack.up import Stack


class UnableToMeasure(Exception):
    """A measuring program failed; the message ends with what it said."""


def measure(stack: Stack, module: str, *arguments: object, **orders: object) -> dict[str, Any]:
    """What `python -m bench.<module>` prints. Raises UnableToMeasure."""
    return result_of(begin(stack, module, *arguments, **orders))


def begin(stack: Stack, module: str, *arguments: object, **orders: object) -> subprocess.Popen[str]:
    """Set it going; `orders` lie on its standard input as JSON, since keys do not belong among arguments."""
    with tempfile.TemporaryFile("w+") as paper:
        json.dump(orders, paper)
        paper.seek(0)
        return subprocess.Popen(
            [sys.executable, "-m", f"bench.{module}", *map(str, arguments)],
            cwd=ROOT,
            env={**stack.environment, "LOG_LEVEL": "WARNING"},
            stdin=paper,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def result_of(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Wait for its end, and what it printed. Raises UnableToMeasure."""
    said, complained = process.communicate()
    if process.returncode != 0:
        raise UnableToMeasure(f"{process.args!r}\n{complained[-2000:]}")
    result: dict[str, Any] = json.loads(said)
    return result
