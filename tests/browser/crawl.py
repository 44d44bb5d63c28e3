"""Every page that somebody comes to by following the links of the back office, one of each kind."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from urllib.parse import urljoin, urlsplit

from django.contrib.auth.models import User
from django.test import Client
from lxml import html

#: One row's page stands for those of all rows, and a list for all its filters.
ROW = re.compile(r"/([0-9a-f]{8}-[0-9a-f-]{27}|\d+|[a-z]{2,4}_[0-9A-Za-z]{10,})(?=/|$)")
#: What is saved, or ends the session; not looked at.
NO_PAGE = re.compile(
    r"/(logout|jsi18n|export|bytes|history|password_change)(/|$)|\.(csv|pdf|json|beancount)$"
)
DEEPEST = 3


def pages(user: User, wanted: Callable[[str], bool]) -> dict[str, str]:
    """By their kind, the addresses of the wanted pages that this person finds. A link that leads nowhere raises.

    `wanted` is asked of the room of a page, the first word of its address: "payouts", or "" for the index.
    """
    client = Client()
    client.force_login(user)
    found: dict[str, str] = {}
    ahead = deque([("/admin/", 0, "")])
    while ahead:
        address, depth, whence = ahead.popleft()
        path = urlsplit(address).path
        kind = ROW.sub("/*", path)
        room = path.split("/")[2]
        if kind in found or NO_PAGE.search(path) or (room and not wanted(room)):
            continue
        reply = client.get(address, follow=True)
        assert reply.status_code == 200, f"{reply.status_code} {address} for {user}, from {whence}"
        if (
            not reply.get("Content-Type", "").startswith("text/html")
            or b"<html" not in reply.content
        ):
            continue  # A file, or what a dialog is filled with.
        found[kind] = address
        if depth < DEEPEST:
            ahead.extend((link, depth + 1, address) for link in _links(reply.content, address))
    return found


def _links(content: bytes, address: str) -> list[str]:
    links = [
        urljoin(address, str(link)) for link in html.fromstring(content).xpath("//a[@href]/@href")
    ]
    return [link for link in links if link.startswith("/admin/")]
