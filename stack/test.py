"""All tests, on a PostgreSQL and a Redis of their own: `python -m stack.test [pytest's arguments]`.

First the tests that need the whole platform running, one after the other; then all others, a file at a
time in each of two workers, so that what a file sets up is set up once.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from stack import postgres, redis
from stack.lodging import vacate
from stack.processes import ROOT, FolderInUse, Processes

FOLDER = ROOT / ".stack"
TOGETHER = ("-m", "stack")
APART = ("-m", "not stack", "-n", "2", "--dist", "loadfile")
NONE_FOUND = pytest.ExitCode.NO_TESTS_COLLECTED


@contextlib.contextmanager
def fresh_folder(within: Path) -> Iterator[Processes]:
    """The first folder no other test run holds, emptied of what an earlier one left."""
    for number in count(1):
        folder = within / f"test-{number}"
        with contextlib.suppress(FolderInUse), Processes(folder) as processes:
            vacate(folder / "postgres")
            yield processes
            return


def main(arguments: list[str]) -> int:
    with fresh_folder(FOLDER) as processes:
        databases = postgres.run(processes, durable=False)
        os.environ.update(
            DATABASE_URL=databases.owner,  # May make databases, the tests' own.
            MIGRATION_DATABASE_URL=databases.owner,
            REDIS_URL=redis.run(processes),
            DJANGO_SETTINGS_MODULE="paygate.settings.test",
        )
        results = {int(pytest.main([*part, *arguments])) for part in (TOGETHER, APART)}
    # Arguments may well leave one part without a test, but not both.
    return max(results - {NONE_FOUND}, default=int(NONE_FOUND))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
