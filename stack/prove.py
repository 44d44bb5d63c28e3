"""Ask the running stack whether the money is right: `python -m stack.prove` (`make prove`).

The same as `manage.py prove` with DATABASE_URL set to what `make up` wrote into addresses.json.
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
        environment["DATABASE_URL"] = json.loads(file.read_text())["database_url"]
    elif "DATABASE_URL" not in environment:
        print(f"Nothing runs here ({file} is not there). Start it with make up.", file=sys.stderr)
        return 2
    return subprocess.run(
        [sys.executable, "manage.py", "prove", *arguments], cwd=ROOT, env=environment, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
