"""Raw requests through the official SDK: one client a process, a connection a thread, no retries of its own.

The objects that the SDK would build of a reply take as long as all the rest, and are not asked for.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar, cast

import requests
import stripe

from paygate.psp.wire import session_for

PAGE = 100  # Things on a page of a list, at most.
OTHER_KEYS = 3  # How often a stored server error makes us ask under yet another key.

T = TypeVar("T")

# Telemetry would send timings of earlier calls along and keep a random id in a file under $HOME.
stripe.enable_telemetry = False


class TooMany(Exception):
    """A list has more pages than were to be read."""


class Calls:
    """Each raises what the SDK raises."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._client = client

    def post(self, path: str, key: str, **params: Any) -> dict[str, Any]:
        reply = self._client.raw_request("post", path, idempotency_key=key, **params)
        return cast("dict[str, Any]", reply.data)

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        reply = self._client.raw_request("get", path, **params)
        return cast("dict[str, Any]", reply.data)

    def upload(self, key: str, *, name: str, content: bytes) -> str:
        """The id under which Stripe keeps a document that is to be evidence."""
        document = io.BytesIO(content)
        document.name = name
        reply = self._client.raw_request(
            "post",
            "/v1/files",
            base="files",
            content_type="multipart/form-data",
            idempotency_key=key,
            purpose="dispute_evidence",
            file=document,
        )
        return cast("str", reply.data["id"])

    def listed(self, path: str, *, pages: int, **params: Any) -> Iterator[dict[str, Any]]:
        """Everything in a list, newest first. Raises TooMany when `pages` were not enough."""
        window = {**params, "limit": PAGE}
        for _ in range(pages):
            page = self.get(path, **window)
            yield from page["data"]
            if not page["has_more"]:
                return
            window["starting_after"] = page["data"][-1]["id"]
        raise TooMany(f"{path} has more than {PAGE * pages}")


def make_calls(configuration: Mapping[str, Any]) -> Calls:
    """From one mode of settings.PSPS["stripe"]."""
    base = configuration["api_base"]
    client = stripe.StripeClient(
        configuration["api_key"],
        # All of them: a base that is left out is the real Stripe's, for evidence files as well.
        base_addresses={
            "api": base,
            "files": configuration.get("files_base", base),
            "connect": base,
            "meter_events": base,
        },
        http_client=stripe.RequestsClient(
            timeout=tuple(configuration["timeout"]),
            session=cast("requests.Session", Sessions(base)),
        ),
        max_network_retries=0,  # Whether to ask again is for whoever holds the attempt to say.
    )
    return Calls(client)


class Sessions(threading.local):
    """What the SDK takes for one session: one for each thread, each with its kept-alive connection."""

    def __init__(self, address: str) -> None:  # Once in each thread that uses it.
        session = session_for(address)
        self.request = session.request
        self.close = session.close


def insist(key: str, ask: Callable[[str], T]) -> T:
    """Ask under the key; where that has an old server error for an answer, under further ones.

    For what does no harm when it is done twice: a document of which nobody knows, a report that is run again, and
    what the case, looked at just now, shows not to have been done. Raises what `ask` raises.
    """
    for number in range(OTHER_KEYS):
        try:
            return ask(f"{key}-again{number}" if number else key)
        except stripe.APIError as error:
            if not _is_old(error):
                raise
    return ask(f"{key}-again{OTHER_KEYS}")


def _is_old(error: stripe.APIError) -> bool:
    """Was it not met now, but repeated?"""
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    return headers.get("idempotent-replayed") == "true"
