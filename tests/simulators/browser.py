"""The customer's browser at a 3-D Secure page: looks at it, presses a button, is sent back."""

from __future__ import annotations

import http.client
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class SentBack:
    """Where the customer lands, and what the PSP added to the merchant's address."""

    url: str
    query: dict[str, str]


def press(url: str, result: str) -> SentBack:
    """`result` is "complete" or "fail"."""
    page = urlsplit(url)
    connection = http.client.HTTPConnection(page.netloc, timeout=20)
    try:
        connection.request("GET", page.path)
        shown = connection.getresponse()
        assert f'value="{result}"' in shown.read().decode()
        connection.request("POST", page.path, f"result={result}")
        reply = connection.getresponse()
        reply.read()
    finally:
        connection.close()
    assert reply.status == 303
    location = reply.headers["Location"]
    query = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
    return SentBack(location, query)
