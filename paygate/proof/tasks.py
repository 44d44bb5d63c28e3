"""The nightly proof, and the one that somebody asks for."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from paygate.proof.runs import prove_and_keep


@shared_task(name="proof.run")
def run(*, by: str = "", **_: Any) -> None:
    """Prove, and keep what came of it; nothing when a proof is running already."""
    prove_and_keep(by=by)
