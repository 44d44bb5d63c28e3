"""PostgreSQL refuses to run as root: as whom it runs instead, and where that one keeps its data."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stack.processes import UnableToStart

ACCOUNTS = ("postgres", "nobody")
#: Root under another name: no privileges, but what root owns stays readable to it.
NAMESPACE = ("unshare", "--user", "--map-user=1000", "--map-group=1000", "--")


class NoLodging(UnableToStart):
    """Root found no way to run a program as somebody else."""


@dataclass(frozen=True, slots=True)
class Lodging:
    """Where the cluster lies, whose programs serve it, and as whom. No user means as ourselves."""

    data: Path
    programs: Path
    user: int | None = None
    group: int | None = None
    prefix: tuple[str, ...] = ()


def lodge(data: Path, programs: Path) -> Lodging:
    """Find the place. `data` need not exist; once it does, its owner decides. Raises NoLodging."""
    if os.geteuid() != 0:
        return Lodging(data, programs)
    if data.exists():
        return _as_before(data.resolve(), programs)
    account = _account()
    if _can(account, "test", "-x", str(data.parent)) and _can(
        account, f"{programs}/postgres", "-V"
    ):
        return Lodging(data, programs, account.pw_uid, account.pw_gid)
    if _runs([*NAMESPACE, f"{programs}/postgres", "-V"]):
        return Lodging(data, programs, prefix=NAMESPACE)
    return _elsewhere(data, programs, account)


def vacate(data: Path) -> None:
    """Remove the cluster, wherever it lies."""
    if data.is_symlink():
        shutil.rmtree(data.resolve().parent, ignore_errors=True)
        data.unlink()
    elif data.exists():
        shutil.rmtree(data)


def _as_before(data: Path, programs: Path) -> Lodging:
    owner = data.stat()
    moved = data.parent / "server" / "bin"
    if owner.st_uid == 0:
        return Lodging(data, programs, prefix=NAMESPACE)
    return Lodging(data, moved if moved.is_dir() else programs, owner.st_uid, owner.st_gid)


def _elsewhere(data: Path, programs: Path, account: pwd.struct_passwd) -> Lodging:
    """Where only root may walk, as in /root, nobody else can live: a folder outside, and a link."""
    outside = Path(tempfile.mkdtemp(prefix="paygate-"))
    os.chmod(outside, 0o711)  # noqa: S103  (walk through, not read)
    if not _can(account, f"{programs}/postgres", "-V"):
        shutil.copytree(programs.parent, outside / "server", symlinks=True)
        programs = outside / "server" / "bin"
    if not _can(account, f"{programs}/postgres", "-V"):
        shutil.rmtree(outside)
        raise NoLodging(
            "PostgreSQL will not run as root, and no other account could be used here. "
            "Start this as an ordinary user, or name a running PostgreSQL in DATABASE_URL."
        )
    data.unlink(missing_ok=True)  # A link that an earlier, interrupted run left.
    data.symlink_to(outside / "data")
    return Lodging(outside / "data", programs, account.pw_uid, account.pw_gid)


def _account() -> pwd.struct_passwd:
    for name in ACCOUNTS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoLodging(f"Root found none of these accounts to run PostgreSQL: {', '.join(ACCOUNTS)}.")


def _can(account: pwd.struct_passwd, *command: str) -> bool:
    return _runs(command, user=account.pw_uid, group=account.pw_gid)


def _runs(command: Sequence[str], user: int | None = None, group: int | None = None) -> bool:
    try:
        return (
            subprocess.run(
                command,
                user=user,
                group=group,
                extra_groups=None if user is None else [],
                cwd="/",
                capture_output=True,
                check=False,
            ).returncode
            == 0
        )
    except OSError:
        return False
