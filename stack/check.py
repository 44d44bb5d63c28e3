"""What CI runs: every check, also after one has failed, and the tests last."""

import subprocess
import sys
from pathlib import Path

from stack import browser, test
from stack.processes import ROOT

BIN = Path(sys.executable).parent

CHECKS = {
    "format": [f"{BIN}/ruff", "format", "--check", "."],
    "lint": [f"{BIN}/ruff", "check", "."],
    # Not incrementally: django-stubs forgets managers of abstract models between two runs.
    "types": [f"{BIN}/mypy", "--no-incremental"],
    "floor plan": [f"{BIN}/lint-imports"],
    "migrations": [
        *(sys.executable, "-W", "ignore:Got an error checking"),  # No database is needed for this.
        *("manage.py", "makemigrations", "--check", "--dry-run"),
        "--settings=paygate.settings.test",
    ],
}


def main(arguments: list[str]) -> int:
    if browser.in_ci():
        browser.ensure()
    failed = [name for name, command in CHECKS.items() if not passes(name, command)]
    if failed:
        print(f"\nFailed before the tests: {', '.join(failed)}.", file=sys.stderr, flush=True)
    return test.main(arguments) or int(bool(failed))


def passes(name: str, command: list[str]) -> bool:
    print(f"\n{name}", flush=True)
    return subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
