"""The European Central Bank's reference rates: one sheet on each TARGET business day, at about 16:00 CET.

The format is public (www.ecb.europa.eu/stats/eurofxref): within an Envelope a Cube holds one Cube with the day
(`time`), which holds a Cube for each currency: how many units of it one euro is worth. A feed is somebody else's
file, so it is read as an attacker's would be, and one nonsensical line makes all of it unbelievable.
"""

from __future__ import annotations

from contextlib import closing
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

import requests
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from django.conf import settings

from kernel.currencies import EXPONENTS
from paygate.fx.exchange import HIGHEST, LOWEST
from paygate.fx.providers import FeedGarbled, FeedUnavailable, Sheet

CUBE = "{http://www.ecb.int/vocabulary/2002-08-01/eurofxref}Cube"
LARGEST = 256 * 1024  # Bytes; the real one has about 2,000.
PATIENCE = (5.0, 10.0)  # Seconds to connect, and between two pieces of the answer.


class Ecb:
    """Reads settings.FX_ECB_SOURCE: an https address, or a file's path."""

    name = "ecb"

    def fetch(self, *, today: date) -> Sheet:
        """Raises FeedUnavailable and FeedGarbled."""
        source = settings.FX_ECB_SOURCE
        text = _over_http(source) if source.startswith(("https:", "http:")) else _in_file(source)
        sheet = read(text)
        if settings.FX_ECB_ALWAYS_TODAYS:
            sheet = Sheet(sheet.base, today, sheet.rates)
        if sheet.as_of > today + timedelta(days=1):  # It may be tomorrow there already.
            raise FeedGarbled(f"it is of {sheet.as_of}, and today is {today}")
        return sheet


def read(text: bytes) -> Sheet:
    """The sheet in the ECB's XML. Raises FeedGarbled."""
    try:
        root = fromstring(text, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise FeedGarbled(f"not XML that may be read: {type(error).__name__}") from None
    days = [cube for cube in root.iter(CUBE) if "time" in cube.attrib]
    if len(days) != 1:
        raise FeedGarbled(f"one day is expected, and there are {len(days)}")
    [day] = days
    try:
        as_of = date.fromisoformat(day.attrib["time"])
    except ValueError:
        raise FeedGarbled(f"{day.attrib['time'][:40]!r} is no day") from None
    rates: dict[str, Decimal] = {}
    for cube in day.iter(CUBE):
        if cube is not day:
            currency, rate = _line(cube)
            if currency in rates:
                raise FeedGarbled(f"{currency} is there twice")
            rates[currency] = rate
    known = {currency: rate for currency, rate in rates.items() if currency in EXPONENTS}
    if not known:
        raise FeedGarbled("no rate of a currency that we know")
    return Sheet("EUR", as_of, known)


def _line(cube: Element) -> tuple[str, Decimal]:
    currency, text = cube.get("currency", ""), cube.get("rate", "")
    if len(currency) != 3 or not (currency.isascii() and currency.isupper()) or currency == "EUR":
        raise FeedGarbled(f"{currency[:40]!r} is no other currency's code")
    try:
        rate = Decimal(text)
    except InvalidOperation:
        raise FeedGarbled(f"the rate of {currency} is {text[:40]!r}") from None
    if not rate.is_finite() or not LOWEST <= rate <= HIGHEST or len(text) > 30:
        raise FeedGarbled(f"the rate of {currency} is {text[:40]!r}")
    return currency, rate


def _over_http(address: str) -> bytes:
    try:
        with closing(requests.get(address, timeout=PATIENCE, stream=True)) as response:
            if response.status_code != 200:
                raise FeedUnavailable(f"answered {response.status_code}")
            text = b""
            for piece in response.iter_content(16 * 1024):
                text += piece
                if len(text) > LARGEST:
                    raise FeedGarbled(f"longer than {LARGEST} bytes")
            return text
    except requests.RequestException as error:
        raise FeedUnavailable(type(error).__name__) from None


def _in_file(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            text = file.read(LARGEST + 1)
    except OSError as error:
        raise FeedUnavailable(f"{path}: {error.strerror}") from None
    if len(text) > LARGEST:
        raise FeedGarbled(f"longer than {LARGEST} bytes")
    return text
