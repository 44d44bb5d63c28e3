"""Logs as JSON lines: the message, the fields that were named for it, and never a card number.

What goes out is an allow-list (the `extra` fields that code names, of plain types); request bodies,
headers and local variables are never logged. Masking card numbers comes last, over the finished line.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

import orjson

from kernel.card_numbers import mask
from kernel.clock import rfc3339

_STANDARD = set(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class JSONFormatter(logging.Formatter):
    """One line of JSON for each record."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": rfc3339(datetime.fromtimestamp(record.created, tz=UTC)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        for name, value in record.__dict__.items():
            if name not in _STANDARD and isinstance(value, str | int | float | bool | None):
                line[name] = value
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return mask(orjson.dumps(line, default=str).decode())


def configure(level: str) -> None:
    """Everything to standard error, as JSON lines."""
    handler = logging.StreamHandler()
    handler.setFormatter(JSONFormatter())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # Loud at INFO without saying anything that is ours.
    for name in ("stripe", "urllib3", "celery.app.trace", "celery.worker.strategy", "kombu"):
        logging.getLogger(name).setLevel("WARNING")
