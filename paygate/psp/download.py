"""A PSP's file is downloaded: in pieces, in a time that holds, and from nowhere else than where it was asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import requests

from paygate.psp.statements import StatementUnavailable
from paygate.psp.wire import session_for

PIECE = 1 << 16  # Bytes.


def download(
    address: str, *, headers: Mapping[str, str], timeout: tuple[float, float]
) -> Iterator[bytes]:
    """The bytes; it is opened before this returns. `timeout` is for the connection, and for all of the answer.

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
    return _pieces(session, answer)


def _pieces(session: requests.Session, answer: requests.Response) -> Iterator[bytes]:
    with session, answer:
        try:
            yield from answer.iter_content(PIECE)
        except (requests.RequestException, OSError) as error:
            raise StatementUnavailable(f"the download broke off: {error}") from error
