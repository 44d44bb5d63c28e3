"""A command of manage.py for the running stack: `python -m stack.manage prove` (`make manage ARGS=prove`).

The same as `manage.py …` with DATABASE_URL and REDIS_URL set to what `make up` wrote into addresses.json.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from stack.processes import ROOT


def main(arguments: list[str]) -> int:
    file = Path(os.environ.get("STACK", ".stack")) / "addresses.json"
    environment = dict(os.environ)
    if file.exists():
        addresses = json.loads(file.read_text())
        environment["DATABASE_URL"] = addresses["database_url"]
        environment["REDIS_URL"] = addresses["redis_url"]
    elif "DATABASE_URL" not in environment:
        print(f"Nothing runs here ({file} is not there). Start it with make up.", file=sys.stderr)
        return 2
    return subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
