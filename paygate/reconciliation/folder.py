"""Files that others drop into a folder: <folder>/<psp>/<test or live>/<name>, for the bank under "bank".

A file is taken when it has not changed for a while: whoever writes it slowly should write it under a name that begins
with a dot, and rename it. What was taken is moved to received/ beside it, and never deleted; what cannot be taken to
refused/, with a page that says why. Links are not followed, for they may lead anywhere.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from django.conf import settings

from kernel.clock import wall
from kernel.db import outside_transaction
from paygate.psp.registry import PSPS
from paygate.reconciliation.models import BANK, Statement
from paygate.reconciliation.receive import TooLarge, plain, receive

log = logging.getLogger(__name__)

_PIECE = 1 << 18
_MODES = {"test": False, "live": True}


class StillWritten(Exception):
    """It changed while it was read."""


@outside_transaction
def pick_up(*, at: datetime) -> int:
    """Receive what lies there; how many files were new."""
    if not settings.RECONCILIATION_FOLDER:
        return 0
    root = Path(settings.RECONCILIATION_FOLDER)
    new = 0
    for psp in (*PSPS, BANK):
        for mode, livemode in _MODES.items():
            for file in _lying(root / psp / mode):
                try:
                    new += _pick_up(file, psp, livemode=livemode, at=at)
                except Exception:  # What one file trips over is nothing to the others.
                    log.exception("statement.not_picked_up", extra={"file": plain(file.name)})
    return new


def _lying(folder: Path) -> list[Path]:
    """The files there that are whole by all that can be seen, in the order of their names."""
    # By the clock that the files' own times are of.
    before = wall().timestamp() - settings.RECONCILIATION_FOLDER_STILL
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(entry.path) for entry in entries if _is_whole(entry, before))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _is_whole(entry: os.DirEntry[str], before: float) -> bool:
    if entry.name.startswith(".") or not entry.is_file(follow_symlinks=False):
        return False
    try:
        state = entry.stat(follow_symlinks=False)
    except FileNotFoundError:  # Somebody took it away again.
        return False
    # A file's time can be set; when that was done, cannot.
    return max(state.st_mtime, state.st_ctime) <= before


def _pick_up(file: Path, psp: str, *, livemode: bool, at: datetime) -> bool:
    try:
        received = receive(
            psp,
            file.name,
            _pieces(file),
            livemode=livemode,
            source=Statement.Source.FOLDER,
            at=at,
        )
    except (FileNotFoundError, StillWritten):
        return False
    except (TooLarge, PermissionError) as why:
        moved = _move(file, "refused")
        _write_new(moved.with_name(f"{moved.name}.why.txt"), f"{why}\n")
        log.error("statement.not_picked_up", extra={"file": plain(file.name), "why": str(why)})
        return False
    _move(file, "received")
    return received.new


def _pieces(file: Path) -> Iterator[bytes]:
    """Its bytes. Raises OSError, also for one that became a link meanwhile, and StillWritten."""
    with open(os.open(file, os.O_RDONLY | os.O_NOFOLLOW), "rb") as opened:
        before = os.fstat(opened.fileno())
        while piece := opened.read(_PIECE):
            yield piece
        after = os.fstat(opened.fileno())
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise StillWritten(file.name)


def _write_new(page: Path, words: str) -> None:
    """Over nothing that is there, and through no link: whoever drops files may have laid one."""
    with suppress(FileExistsError), page.open("x", encoding="utf-8") as opened:
        opened.write(words)


def _move(file: Path, where: str) -> Path:
    """Into a folder beside it, under a name that nothing there has. Raises NotADirectoryError for a link."""
    folder = file.parent / where
    if folder.is_symlink():
        raise NotADirectoryError(folder)
    folder.mkdir(exist_ok=True)
    place, number = folder / file.name, 1
    while place.exists():
        number += 1
        place = folder / f"{file.stem}-{number}{file.suffix}"
    return file.rename(place)
