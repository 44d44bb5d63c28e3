"""One request of the bench's own, to set up what is then measured: never timed, never by way of a proxy."""

from collections.abc import Mapping
from typing import Any

import requests

from bench.run import UnableToMeasure

PATIENCE = 60.0  # Seconds; thousands of events may be sent again by one request.


def ask(
    method: str, url: str, content: Mapping[str, Any] | None = None, *, secret: str = ""
) -> dict[str, Any]:
    """What came back. Raises UnableToMeasure for everything but a success."""
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    with requests.Session() as session:
        session.trust_env = False
        answer = session.request(method, url, json=content, headers=headers, timeout=PATIENCE)
    if not answer.ok:
        raise UnableToMeasure(f"{method} {url}: {answer.status_code} {answer.text[:500]}")
    page: dict[str, Any] = answer.json()
    return page
