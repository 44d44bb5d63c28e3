"""The issuer's page of a simulated 3-D Secure redirect: two buttons instead of a password."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

from simulators.http import Reply, Request

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>3-D Secure (simulated)</title>
<style>body{{font:16px system-ui;max-width:26rem;margin:4rem auto;padding:0 1rem}}
button{{font:inherit;padding:.5rem 1rem;margin-right:1rem}}</style></head>
<body><h1>Is it you?</h1><p>A simulated bank asks about a payment of <b>{amount}</b>.</p>
<form method="post"><button name="result" value="complete">Complete</button>
<button name="result" value="fail">Fail</button></form></body></html>
"""


def page(amount: str) -> Reply:
    return Reply(200, _PAGE.format(amount=amount).encode(), {"Content-Type": "text/html"})


def completed(request: Request) -> bool | None:
    """Which button was pressed; None when none was."""
    result = parse_qs(request.body.decode()).get("result", [""])[0]
    return {"complete": True, "fail": False}.get(result)


def back_to(url: str, **query: str) -> Reply:
    """Send the customer back to the merchant, with the PSP's parameters added to the merchant's."""
    parts = urlsplit(url)
    joined = "&".join(part for part in (parts.query, urlencode(query)) if part)
    return Reply(303, headers={"Location": urlunsplit(parts._replace(query=joined))})
