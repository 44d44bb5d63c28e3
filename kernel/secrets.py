"""What must not stand in a log: our secrets, by their value, and what looks like a secret or a person, by its form.

It works on the finished line, JSON: so it finds them in messages, in exceptions with what they quote, in addresses and
their query strings, whoever wrote them there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

MASKED = "[masked]"
SHORTEST = 8  # Letters of a secret of ours; a shorter one would mask half of the language.

#: A setting, or a part of one, whose name says that it is secret.
_SECRET_NAME = re.compile(
    r"(?:^|_)(?:secret_key_fallbacks|(?<!public_)keys?|secrets?|token|password|passwd|login)$", re.I
)
#: Where a password stands in an address: postgres://user:password@host.
_IN_ADDRESS = re.compile(r"(?<=://)([^\s/:@\"]*):([^\s/@\"]+)(?=@)")

_NAMED = ["token", "secret", "passw", "api", "signature", "authorization", "session", "cookie"]

#: Each with what must stand in a line, in small letters, before it is worth looking for.
_FORMS = (
    # Our keys, and Stripe's: what kind it is may be read, and nothing after it.
    (["_test_", "_live_"], re.compile(r"\b((?:sk|rk|pk)_(?:test|live)_)\w+"), rf"\1{MASKED}"),
    # Secrets by which webhooks are signed (Stripe's, Standard Webhooks').
    (["whsec_", "whsk_", "whpk_"], re.compile(r"\b(wh(?:sec|sk|pk)_)[\w+/=-]+"), rf"\1{MASKED}"),
    # Adyen's API keys.
    (["aqe"], re.compile(r"\bAQE[\w+/=*!?.<>{}\[\]()^$%&|~-]{8,}"), f"AQE{MASKED}"),
    # Whatever is presented in a header.
    (
        ["bearer", "basic"],
        re.compile(r"\b(Bearer|Basic)\s+[\w+/=.~-]{6,}", re.IGNORECASE),
        rf"\1 {MASKED}",
    ),
    # JSON Web Tokens.
    (["eyj"], re.compile(r"\beyJ[\w-]{6,}\.[\w-]+\.[\w-]*"), MASKED),
    # What a query string, a form, JSON or a repr names so: token=…, "password": "…", api_key='…'.
    (
        _NAMED,
        re.compile(
            r"((?:token|secret|password|passwd|api[_-]?key|signature|authorization|session(?:id)?|cookie)"
            r"(?:\\*[\"'])?\s*[=:]\s*(?:\\*[\"'])?)"
            r"(?!\[masked\]|null|None|true|false)[^\s&\"'\\,;)}]{4,}",
            re.IGNORECASE,
        ),
        rf"\1{MASKED}",
    ),
    (["://"], _IN_ADDRESS, rf"\1:{MASKED}"),
    # A person's address.
    (
        ["@", "%40"],
        re.compile(r"(?:[\w.+'~-]|%2B){1,64}(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63})+", re.IGNORECASE),
        "[e-mail]",
    ),
)


class Mask:
    """Masks a text, in time that grows with its length and with nothing else."""

    def __init__(self, values: set[str] | frozenset[str] = frozenset()) -> None:
        written = {form for value in values if len(value) >= SHORTEST for form in _written(value)}
        longest_first = sorted(written, key=len, reverse=True)
        self._values = re.compile("|".join(map(re.escape, longest_first))) if written else None

    @classmethod
    def of(cls, settings: Any) -> Mask:
        """One that knows the secrets of Django's settings, whatever they look like."""
        names = [name for name in dir(settings) if name.isupper()]
        return cls({value for name in names for value in _secrets(name, getattr(settings, name))})

    def __call__(self, text: str) -> str:
        if self._values is not None:
            text = self._values.sub(MASKED, text)
        small = text.lower()
        for hints, form, instead in _FORMS:
            if any(hint in small for hint in hints):
                text = form.sub(instead, text)
        return text


def _written(value: str) -> Iterator[str]:
    """As it is, as Python shows it and as an address does; each as JSON writes that."""
    for form in (value, repr(value)[1:-1], quote(value, safe="")):
        yield json.dumps(form)[1:-1]
        yield json.dumps(form, ensure_ascii=False)[1:-1]


def _secrets(name: str, value: Any, *, secret: bool = False) -> Iterator[str]:
    """What is secret in a setting: all of one whose name says so, and passwords in addresses."""
    secret = secret or bool(_SECRET_NAME.search(name))
    match value:
        case str() if secret:
            yield value
            if ":" in value:  # A login: user and password.
                yield value.partition(":")[2]
        case str():
            yield from (found[2] for found in _IN_ADDRESS.finditer(value))
        case Mapping():
            for inner, content in value.items():
                yield from _secrets(str(inner), content, secret=secret)
        case list() | tuple() | set():
            for content in value:
                yield from _secrets("", content, secret=secret)
