"""A PSP's file is downloaded: in pieces, in a time that holds, and from nowhere else than where it was asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TypeAlias
from urllib.parse import urlsplit

import requests

from paygate.psp.statements import StatementUnavailable
from paygate.psp.wire import session_for

PIECE = 1 << 16  # Bytes.

Origin: TypeAlias = tuple[str, str | None, int | None]  # Scheme, host and port: who answers.


def origin(address: str) -> Origin:
    """Who answers there. Raises ValueError for what is no address."""
    parts = urlsplit(address)
    ordinary = {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, parts.hostname, parts.port or ordinary


def is_at(address: str, origins: Collection[Origin]) -> bool:
    """Does one of these answer there?"""
    try:
        return origin(address) in origins
    except ValueError:
        return False


def download(
    address: str,
    *,
    headers: Mapping[str, str],
    timeout: tuple[float, float],
    size: object = None,
) -> Iterator[bytes]:
    """The bytes; it is opened before this returns. `timeout` is for the connection, and for all of the answer; `size`
    is how many bytes there are, where that is known.

    Raises StatementUnavailable, also between two pieces. Where the answer is to look elsewhere, nobody does: the
    headers say who we are.
    """
    session = session_for(address)
    try:
        answer = session.get(
            address, headers=headers, stream=True, timeout=timeout, allow_redirects=False
        )
    except (requests.RequestException, OSError) as error:
        session.close()
        raise StatementUnavailable(f"{type(error).__name__}: {error}") from error
    if answer.status_code != requests.codes.ok:
        session.close()
        raise StatementUnavailable(f"the download is answered with {answer.status_code}")
    return _pieces(session, answer, size)


def _pieces(session: requests.Session, answer: requests.Response, size: object) -> Iterator[bytes]:
    had = 0
    with session, answer:
        try:
            for piece in answer.iter_content(PIECE):
                had += len(piece)
                yield piece
        except (requests.RequestException, OSError) as error:
            raise StatementUnavailable(f"the download broke off: {error}") from error
    if isinstance(size, int) and had != size:
        raise StatementUnavailable(f"the file has {had} bytes, and should have {size}")
