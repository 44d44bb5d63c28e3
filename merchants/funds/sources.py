"""What a line of the books is about, by the id that its merchant knows.

The books name what caused a transaction: a dispute's round as "dp_…:1", a conversion by what it follows
("payment.captured:att_…"), the day of a release. Of ids that merchants never see the floor above knows what they
are to them: settings.BALANCE_SOURCES names the module that does, with its functions `shown` and `hidden`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string

_ID = re.compile(r"(?:^|:)([a-z]{2,5}_[0-9a-z]{26})(?=:|$)")


def shown_sources(merchant_id: UUID, sources: Iterable[str]) -> dict[str, str | None]:
    """For each source of the books the public id of what it is about; None where that is no object."""
    found = {source: match[1] if (match := _ID.search(source)) else None for source in sources}
    known = _above("shown")(merchant_id, {id_ for id_ in found.values() if id_})
    return {source: known.get(id_, id_) for source, id_ in found.items()}


def sources_of(merchant_id: UUID, public_id: str) -> list[str]:
    """What the books may call an object that the merchant names: itself, and what is hidden behind it."""
    return [public_id, *_above("hidden")(merchant_id, public_id)]


def is_id(text: str) -> bool:
    return bool(_ID.fullmatch(text))


def _above(function: str) -> Any:
    return import_string(f"{settings.BALANCE_SOURCES}.{function}")
