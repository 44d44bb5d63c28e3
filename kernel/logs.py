"""Logs as JSON lines: the message, the fields that were named for it, what it is about, and never a secret.

What goes out is an allow-list (the `extra` fields that code names, of plain types); request bodies,
headers and local variables are never logged. Masking comes last, over the finished line: card numbers, our own
secrets wherever they stand, and what looks like anybody's (kernel.secrets).

Which request or task a line belongs to, and whose payment it is about, is said once, by `about`, and then stands in
every line of that thread until it is over.
"""

from __future__ import annotations

import logging
from contextvars import ContextVar, Token
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import orjson
from django.conf import settings

from kernel.card_numbers import mask
from kernel.clock import rfc3339
from kernel.secrets import Mask

_STANDARD = set(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}

_about: ContextVar[MappingProxyType[str, str]] = ContextVar("about")
_NOTHING: MappingProxyType[str, str] = MappingProxyType({})
Said = Token[MappingProxyType[str, str]]


def about(**names: str) -> Said:
    """From here on each line says so as well: about(request_id="req_…"). Give what it returns to `forget`."""
    return _about.set(MappingProxyType({**_about.get(_NOTHING), **names}))


def forget(said: Said) -> None:
    """What was said by `about`, and whatever was added to it since, is over."""
    _about.reset(said)


class JSONFormatter(logging.Formatter):
    """One line of JSON for each record."""

    def __init__(self, secrets: Mask | None = None) -> None:
        super().__init__()
        self._secrets = secrets or Mask()

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": rfc3339(datetime.fromtimestamp(record.created, tz=UTC)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_about.get(_NOTHING),
        }
        for name, value in record.__dict__.items():
            if name not in _STANDARD and isinstance(value, str | int | float | bool | None):
                line[name] = value
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return mask(self._secrets(orjson.dumps(line, default=str).decode()))


def configure(level: str) -> None:
    """Everything to standard error, as JSON lines; called by Django once its settings are there."""
    handler = logging.StreamHandler()
    handler.setFormatter(JSONFormatter(Mask.of(settings)))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # Loud at INFO without saying anything that is ours.
    for name in ("stripe", "urllib3", "celery.app.trace", "celery.worker.strategy", "kombu"):
        logging.getLogger(name).setLevel("WARNING")
