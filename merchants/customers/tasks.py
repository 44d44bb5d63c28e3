"""What Celery does for customers."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from merchants.customers import keep


@shared_task(name="customers.seal_anew")
def seal_anew(**_: Any) -> None:
    """After a sealing key was rolled: nothing stays under the old one. Queue: default."""
    keep.seal_anew()
