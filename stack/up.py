"""The whole platform on one machine, in the foreground: `python -m stack.up [--stack DIR]`."""

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, Self

from celery import Celery
from rich.console import Console

from stack import postgres, redis
from stack.keys import key
from stack.processes import ROOT, Processes, Program, UnableToStart, free_port

PSPS = ("stripe", "adyen", "braintree")
PYTHON = sys.executable


def programs(folder: Path, ports: Mapping[str, int]) -> dict[str, list[str]]:
    """What the platform consists of, in the order in which it starts."""
    return {
        "web": [
            *(PYTHON, "-m", "gunicorn", "--config", "stack/gunicorn.py"),
            *("--bind", f"127.0.0.1:{ports['web']}", "paygate.wsgi:application"),
        ],
        "relay": [PYTHON, "manage.py", "relay"],
        "worker-stripe": worker("stripe", queue="psp.stripe", threads=4),
        "worker-adyen": worker("adyen", queue="psp.adyen", threads=4),
        "worker-braintree": worker("braintree", queue="psp.braintree", threads=4),
        "worker-notices": worker("notices", queue="notices", threads=2),
        "worker-payouts": worker("payouts", queue="payouts", threads=2),
        "worker-reconciliation": worker("reconciliation", queue="reconciliation", threads=1),
        "worker-default": worker("default", queue="default", threads=2),
        "beat": [*CELERY, "beat", "--schedule", str(folder / "beat")],
    }


CELERY = (PYTHON, "-m", "celery", "-A", "paygate")
#: Workers need not know of each other.
ALOOF = ("--without-gossip", "--without-mingle", "--without-heartbeat")


def worker(name: str, *, queue: str, threads: int) -> list[str]:
    pool = ("-P", "threads", "-c", str(threads), "-Q", queue, "-n", f"{name}@%h")
    return [*CELERY, "worker", *pool, *ALOOF]


def simulator(
    psp: str, *, port: int, folder: Path, webhooks: str, extra: Sequence[str]
) -> list[str]:
    """`webhooks` is the address that is told what happens there; a bank tells nobody."""
    return [
        *(PYTHON, "-m", "simulators", psp, "--port", str(port)),
        *("--books", str(folder / "books" / f"{psp}.jsonl"), "--webhooks", webhooks, *extra),
    ]


class Stack:
    """Everything running, as a context manager; when it is entered, /readyz has answered.

    `environment` is added to that of every program, `simulator_arguments` to the command line of
    each simulator. `private` runs servers of its own even where DATABASE_URL or REDIS_URL name some.
    Then there are `api`, `simulators` (the PSPs), `bank`, `merchants`, `logins`, `databases`, `redis_url`, `addresses`
    and `processes` (`.kill("web")`, and it comes back). Entering raises UnableToStart.
    """

    def __init__(
        self,
        folder: Path | str,
        *,
        environment: Mapping[str, str] | None = None,
        simulator_arguments: Sequence[str] = (),
        private: bool = False,
    ) -> None:
        self.folder = Path(folder).resolve()
        self.addresses: dict[str, Any] = {}
        self._file = self.folder / "addresses.json"
        self.counted = self.folder / "metrics"  # What our processes count: one page shows it all.
        self._publishing = threading.Lock()
        self._extra = dict(environment or {})
        self._simulator_arguments = simulator_arguments
        self._private = private

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            self.processes = Processes(self.folder, changed=self._publish)
            opened.enter_context(self.processes)
            opened.callback(self._file.unlink, missing_ok=True)
            self._file.unlink(missing_ok=True)  # What a killed run left would name the dead.
            self._start()
            self._left = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.addresses = {}
        running = self.processes.pids()  # Ours first and together, while the servers still answer.
        self.processes.stop(*(name for name in self._names if name in running))
        self._left.close()

    def _start(self) -> None:
        self.databases = postgres.run(self.processes, private=self._private)
        self.redis_url = redis.run(self.processes, private=self._private)
        ports = {name: free_port() for name in ("web", "bank", *PSPS)}
        self.api = f"http://127.0.0.1:{ports['web']}"
        self.simulators = {psp: f"http://127.0.0.1:{ports[psp]}" for psp in PSPS}
        self.bank = f"http://127.0.0.1:{ports['bank']}"
        self.environment = self._environment()

        (self.folder / "books").mkdir(exist_ok=True)
        shutil.rmtree(self.counted, ignore_errors=True)  # By processes of another run.
        self.counted.mkdir()
        commands = {
            f"sim-{name}": simulator(
                name,
                port=ports[name],
                folder=self.folder,
                webhooks=f"{self.api}/webhooks/{name}" if name in PSPS else "",
                extra=self._simulator_arguments,
            )
            for name in (*PSPS, "bank")
        }
        commands |= programs(self.folder, ports)
        self._names = list(commands)

        self.manage("migrate", "--verbosity=0")
        for name, command in commands.items():
            self.processes.start(Program(name, command, self.environment))
        for name, address in {**self.simulators, "bank": self.bank}.items():
            self.wait_for(f"sim-{name}", f"{address}/_control/health")
        self.wait_for("web", f"{self.api}/readyz")
        for name in (*PSPS, "notices", "payouts", "reconciliation", "default"):
            self.processes.wait_for(f"worker-{name}", partial(ping, self.redis_url, name))
        seed = self._seed()
        self.merchants: list[dict[str, str]] = seed["merchants"]
        self.logins: list[dict[str, str]] = seed["logins"]
        self.addresses = {
            "api": self.api,
            "docs": f"{self.api}/docs",
            "admin": f"{self.api}/admin/",
            "metrics": f"{self.api}/metrics",
            "database_url": self.databases.app,
            "migration_database_url": self.databases.owner,
            "redis_url": self.redis_url,
            "simulators": self.simulators,
            "bank": self.bank,
            "merchants": self.merchants,
            "logins": self.logins,
        }
        self._publish()

    def wait_for(self, name: str, url: str, *, seconds: float = 60.0) -> None:
        """Return once this address of that program answers 200; raise NotReady."""
        self.processes.wait_for(name, lambda: get(url), seconds=seconds)

    def manage(self, *arguments: str) -> str:
        """What a command of manage.py prints. Raises UnableToStart with what it said."""
        done = subprocess.run(
            [PYTHON, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise UnableToStart(f"manage.py {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout

    def _environment(self) -> dict[str, str]:
        bases = {f"{psp.upper()}_TEST_API_BASE": self.simulators[psp] for psp in PSPS}
        direct = ",".join(filter(None, [os.environ.get("NO_PROXY"), "127.0.0.1", "localhost"]))
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "paygate.settings.local",
            "DATABASE_URL": self.databases.app,
            "MIGRATION_DATABASE_URL": self.databases.owner,
            "REDIS_URL": self.redis_url,
            "SECRET_KEY": key(self.folder, "django"),
            "PAYGATE_ROOT_URL": self.api,
            "PYTHONUNBUFFERED": "1",
            "PROMETHEUS_MULTIPROC_DIR": str(self.counted),
            "NO_PROXY": direct,  # The simulators are here, whatever lies between us and the world.
            "no_proxy": direct,
            **bases,
            "BANK_TEST_API_BASE": self.bank,
            **self._extra,
        }

    def _seed(self) -> dict[str, Any]:
        """The demo's merchants and logins: made once a folder, since keys are shown only once."""
        kept = self.folder / "seed.json"
        if not kept.exists():
            write(kept, json.loads(self.manage("seed_demo", "--json")))
        seed: dict[str, Any] = json.loads(kept.read_text())
        return seed

    def _publish(self) -> None:
        """Write addresses.json, with the process ids as they are now."""
        with self._publishing:
            if self.addresses:
                write(self._file, {**self.addresses, "processes": self.processes.pids()})


def write(file: Path, content: object) -> None:
    """Whole or not at all, and for our eyes only: it holds keys."""
    draft = file.with_suffix(".draft")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(content, indent=2) + "\n")
    draft.replace(file)


def get(url: str) -> None:
    """Raises OSError unless the answer is a success. Never by way of a proxy."""
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=5):
        pass


def ping(broker: str, worker: str) -> None:
    """Raises LookupError unless that worker answers: until it does, work would lie in its queue."""
    node = f"{worker}@{socket.gethostname()}"
    with Celery(broker=broker, set_as_current=False) as app:
        if not app.control.ping(destination=[node], timeout=1.0, limit=1):
            raise LookupError(f"{node} does not answer")


def show(stack: Stack) -> None:
    lines = [
        ("API", stack.api),
        ("documentation", stack.addresses["docs"]),
        ("back office", stack.addresses["admin"]),
        ("metrics", stack.addresses["metrics"]),
        *(
            (
                "",
                f"{who['user']:<6} {who['password']}  {who['role']:<14}[dim]{who.get('does', '')}[/]",
            )
            for who in stack.logins
        ),
        *((who["name"], f"{who['secret_key']}  [dim]{who['id']}[/]") for who in stack.merchants),
        *((f"{psp} simulator", address) for psp, address in stack.simulators.items()),
        ("bank simulator", stack.bank),
        ("logs", stack.folder / "logs"),
        ("for scripts", stack.folder / "addresses.json"),
    ]
    console = Console(highlight=False, soft_wrap=True)  # What may be copied stays on one line.
    console.print("\n[bold]paygate is up.[/] ctrl-C ends it.\n")
    for name, value in lines:
        console.print(f"  {name:<22}{value}")


def leave(number: int, _: object) -> NoReturn:
    """End in order, and only once: make and the terminal may both send it."""
    for ending in ENDINGS:
        signal.signal(ending, signal.SIG_IGN)
    raise KeyboardInterrupt


ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def stay() -> None:
    """Until somebody ends it; under make, also when make is gone."""
    parent = os.getppid()
    while os.getppid() == parent or "MAKELEVEL" not in os.environ:
        time.sleep(0.5)


def main() -> None:
    parser = argparse.ArgumentParser(prog="make up", description=__doc__)
    default = os.environ.get("STACK", ".stack")
    parser.add_argument("--stack", default=default, help="the folder it lives in")
    folder = parser.parse_args().stack
    for ending in ENDINGS:
        signal.signal(ending, leave)
    try:
        with Stack(folder) as stack:
            show(stack)
            stay()
    except KeyboardInterrupt:
        print("Stopped.")
    except UnableToStart as reason:
        sys.exit(str(reason))


if __name__ == "__main__":
    main()
