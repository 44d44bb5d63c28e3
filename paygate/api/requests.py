"""What every request gets: an id in the reply, a look for card numbers at the door, a line in the log."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from kernel.card_numbers import refuse_card_numbers
from kernel.ids import encode, uuid7
from kernel.logs import about, forget
from kernel.problems import Problem, problem_response
from paygate.metrics import REQUESTS, look_at_the_pool

log = logging.getLogger("paygate.request")

_OURS = re.compile(r"[a-z]{2,6}_[0-9a-z]{26}")  # An id of ours, as kernel.ids writes it.


class RequestMiddleware:
    """Outermost: nothing leaves without a Request-Id."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        request.request_id = encode("req", uuid7())  # type: ignore[attr-defined]
        said = about(request_id=request.request_id)  # type: ignore[attr-defined]
        try:
            return self._answer(request, started)
        finally:
            forget(said)

    def process_view(self, request: HttpRequest, _view: object, _: object, named: Any) -> None:
        """Each line of the request names what its address does."""
        about(**{kind: id_ for kind, id_ in named.items() if _OURS.fullmatch(str(id_))})

    def _answer(self, request: HttpRequest, started: float) -> HttpResponseBase:
        response: HttpResponseBase
        try:
            if request.path.startswith("/v1/"):
                refuse_card_numbers(request)
                _refuse_chunks(request)
            response = self.get_response(request)
        except Problem as problem:
            response = problem_response(problem, request)
        response["Request-Id"] = request.request_id  # type: ignore[attr-defined]
        took = time.perf_counter() - started
        route = request.resolver_match.route if request.resolver_match else "unmatched"
        REQUESTS.labels(request.method, route, str(response.status_code)).observe(took)
        look_at_the_pool()
        log.info(
            "request",
            extra={
                "method": request.method,
                "route": route,
                "status": response.status_code,
                "ms": round(took * 1000, 1),
            },
        )
        return response


def _refuse_chunks(request: HttpRequest) -> None:
    """To Django a body without a length is none: a capture of a part would become one of all. Raises Problem."""
    if "HTTP_TRANSFER_ENCODING" in request.META:
        raise Problem(
            status=411,
            type="invalid_request_error",
            code="length_required",
            message="Send the body in one piece, with its Content-Length.",
        )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's 404 for paths that no route matches, as an error object."""
    return problem_response(
        Problem(
            status=404,
            type="invalid_request_error",
            code="not_found",
            message=f"Unrecognized request URL ({request.method} {request.path[:200]}).",
        ),
        request,
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's 500, as an error object that gives nothing away."""
    return problem_response(
        Problem(
            status=500, type="api_error", code="internal_error", message="An error on our side."
        ),
        request,
    )
