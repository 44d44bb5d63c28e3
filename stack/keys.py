"""The secrets of one stack folder: made at first use, kept where only their owner can read them."""

import os
import secrets
from pathlib import Path


def key(folder: Path, name: str) -> str:
    """The secret of that name, 43 characters that need no quoting in a URL, SQL or a shell."""
    shelf = folder / "keys"
    shelf.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = shelf / name
    if not file.exists():
        draft = shelf / f"{name}.{os.getpid()}"
        with open(os.open(draft, os.O_CREAT | os.O_WRONLY, 0o600), "w") as out:
            out.write(secrets.token_urlsafe(32))
        draft.rename(file)  # Whole or not there: a crash leaves no empty password.
    return file.read_text()
