"""GET /metrics: what the processes of this machine count, and what was read of the platform last.

Who may read it is decided here, since it tells how much money moves: whoever presents METRICS_TOKEN; without a token
nobody, except on a developer's machine that machine itself. (Behind a proxy everybody comes from this machine: hence
only there, and never for what a proxy has passed on.)
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from kernel.clock import now
from kernel.gauging import page as counted
from kernel.problems import Problem, problem_response
from paygate.monitoring.models import Taken
from paygate.monitoring.read import readings

log = logging.getLogger(__name__)

HERE = {"127.0.0.1", "::1"}
PASSED_ON = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP", "HTTP_VIA")
#: After so many times its period an answer is no longer shown: that it is missing is an alert, and it would lie.
TOO_OLD = 20.0

#: What this page says of itself.
ITS_OWN = {
    "paygate_database_up": "Does PostgreSQL answer this page: 1 or 0.",
    "paygate_reading_age_seconds": "Seconds since a gauge of the platform was read last.",
    "paygate_readings_age_seconds": "Seconds since any gauge of the platform was read: beat or the workers are away.",
}


def metrics(request: HttpRequest) -> HttpResponse:
    """For Prometheus."""
    if not may_read(request):
        return _refused(request)
    registry = CollectorRegistry()
    registry.register(Platform(at=now()))
    text = generate_latest(counted()) + generate_latest(registry)
    return HttpResponse(text, content_type=CONTENT_TYPE_LATEST)


def may_read(request: HttpRequest) -> bool:
    """Does who asks know the token; or, where there is none, is it this machine itself and may it?"""
    token: str = settings.METRICS_TOKEN
    if token:
        presented = request.headers.get("Authorization", "")
        return hmac.compare_digest(presented.encode(), f"Bearer {token}".encode())
    return (
        settings.METRICS_FOR_THIS_MACHINE
        and request.META.get("REMOTE_ADDR") in HERE
        and not any(name in request.META for name in PASSED_ON)
    )


def _refused(request: HttpRequest) -> HttpResponse:
    if settings.METRICS_TOKEN:
        message = "Present the token for this page: Authorization: Bearer …"
        problem = Problem(
            status=401, type="authentication_error", code="token_invalid", message=message
        )
        response = problem_response(problem, request)
        response["WWW-Authenticate"] = 'Bearer realm="metrics"'
        return response
    message = "There is nothing here."  # Where no token is set, nobody is told how to get in.
    return problem_response(
        Problem(status=404, type="invalid_request_error", code="not_found", message=message),
        request,
    )


class Platform(Collector):
    """What was read of the platform last, as gauges: one small table is read, never what it is about."""

    def __init__(self, *, at: datetime) -> None:
        self.at = at

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            taken = {row.name: row for row in Taken.objects.all()}
        except Error as error:
            log.warning("metrics.no_database", extra={"error": type(error).__name__})
            yield _own("paygate_database_up", 0)
            return
        finally:
            if not connection.in_atomic_block:
                connection.close()
        yield _own("paygate_database_up", 1)
        ages = {name: (self.at - row.taken_at).total_seconds() for name, row in taken.items()}
        if ages:
            yield _own("paygate_readings_age_seconds", min(ages.values()))
        old = GaugeMetricFamily(
            "paygate_reading_age_seconds",
            ITS_OWN["paygate_reading_age_seconds"],
            labels=["reading"],
        )
        for reading in readings():
            for name, says in reading.tells.items():
                if name not in taken:
                    continue
                old.add_metric([name], ages[name])
                if ages[name] <= TOO_OLD * reading.every:
                    family = GaugeMetricFamily(name, says, labels=reading.labels)
                    for labels, number in taken[name].samples:
                        family.add_metric(labels, number)
                    yield family
        yield old


def _own(name: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, ITS_OWN[name], value=value)
