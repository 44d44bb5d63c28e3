"""Redis is a shortcut: every call here may fail, and then the long way is taken.

After a failure Redis is left alone for a second, so that a Redis that is gone costs one time-out a
second and not one a request.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import cache
from typing import TypeVar

import redis
from django.conf import settings

log = logging.getLogger(__name__)

R = TypeVar("R")
REST = 1.0  # Seconds for which a failed Redis is left alone.

_resting_until = 0.0
_lock = threading.Lock()


@cache
def client() -> redis.Redis:
    """The process's Redis client, with time-outs short enough for a request."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=0.3,
        socket_timeout=0.5,
        health_check_interval=0,
    )


def shortcut(work: Callable[[redis.Redis], R], *, otherwise: R) -> R:
    """What `work` makes of Redis; `otherwise` when Redis does not answer."""
    global _resting_until
    if time.monotonic() < _resting_until:
        return otherwise
    try:
        return work(client())
    except redis.RedisError as error:
        with _lock:
            _resting_until = time.monotonic() + REST
        log.warning("redis.unavailable", extra={"error": type(error).__name__})
        return otherwise


def publish(channel: str, message: bytes) -> None:
    """Tell whoever listens; nobody may be listening, and nothing may depend on it."""
    shortcut(lambda r: r.publish(channel, message), otherwise=None)
