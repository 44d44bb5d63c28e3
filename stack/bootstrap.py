"""Makes .venv out of requirements-dev.txt, with nothing but the standard library.

A stamp in the environment says what it was made from, so a second run costs nothing; while it is
being made the stamp says so, so an environment that was left half-finished is made anew.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
REQUIREMENTS = (
    ROOT / "requirements.txt",
    ROOT / "requirements-dev.txt",
)  # The last names the first.

UNFINISHED = "unfinished"


class UnableToBootstrap(Exception):
    """What is missing on this machine, in words for the person at the keyboard."""


def ensure(venv: Path, requirements: Sequence[Path]) -> bool:
    """Have an environment with what the last of these files asks for; True if there was work to do.

    Runs at the same time wait for each other. Raises UnableToBootstrap.
    """
    with alone(venv.parent):
        wanted, stamp = fingerprint(requirements), venv / "stamp"
        found = stamp.read_text() if stamp.exists() else None
        usable = works(venv) and found != UNFINISHED and of_this_python(venv)
        if usable and found == wanted:
            return False
        say(
            f"Preparing {venv.name} for Python {sys.version.split()[0]}; at first, a minute or two."
        )
        venv.mkdir(exist_ok=True)
        stamp.write_text(UNFINISHED)
        if not usable:
            create(venv)
            stamp.write_text(UNFINISHED)  # Creating it cleared the folder.
        install(venv, "-r", str(requirements[-1]))
        stamp.write_text(wanted)
        return True


def fingerprint(requirements: Sequence[Path]) -> str:
    """What an environment is made from: the Python that makes it and the text of the files."""
    digest = hashlib.sha256(sys.version.encode())
    for file in requirements:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def works(venv: Path) -> bool:
    """Whether the environment's own Python and pip start; its interpreter may have been removed."""
    python = venv / "bin" / "python"
    return python.exists() and succeeds([str(python), "-c", "import pip"])


def of_this_python(venv: Path) -> bool:
    """Whether packages built for this Python are found there."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return (venv / "lib" / version / "site-packages").is_dir()


def create(venv: Path) -> None:
    """An empty environment with pip, by whichever maker this machine has."""
    makers = [
        [base_python(), "-m", "venv", "--clear", str(venv)],
        [base_python(), "-m", "virtualenv", "--clear", str(venv)],
        [*(uv() or ["uv"]), "venv", "--clear", "--seed", "--python", base_python(), str(venv)],
    ]
    if not any(succeeds(maker) for maker in makers):
        raise UnableToBootstrap(
            f"{base_python()} can make no virtual environment: it has neither venv with ensurepip "
            "nor virtualenv, and there is no uv. On Debian or Ubuntu: apt install python3-venv."
        )


def install(venv: Path, *what: str) -> None:
    """Install into the environment: by uv where there is one, else (and when uv fails) by pip."""
    python = str(venv / "bin" / "python")
    if (fast := uv()) and succeeds([*fast, "pip", "install", "--quiet", "--python", python, *what]):
        return
    pip = [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", *what]
    if subprocess.run(pip, stdin=subprocess.DEVNULL, check=False).returncode != 0:
        raise UnableToBootstrap(f"pip could not install {' '.join(what)}; its reason is above.")


def uv() -> list[str] | None:
    if on_path := shutil.which("uv"):
        return [on_path]
    return [base_python(), "-m", "uv"] if find_spec("uv") else None


def base_python() -> str:
    """The interpreter outside any environment: one that is being cleared cannot make itself."""
    return str(getattr(sys, "_base_executable", sys.executable))


def succeeds(command: Sequence[str]) -> bool:
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    try:
        return not subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False
        ).returncode
    except OSError:
        return False


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One run at a time in this folder; the lock goes when its holder does, however it ends."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def main() -> None:
    try:
        ensure(VENV, REQUIREMENTS)
    except UnableToBootstrap as reason:
        sys.exit(str(reason))


if __name__ == "__main__":
    main()
