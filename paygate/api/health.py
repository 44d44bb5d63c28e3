"""Is it alive, is it ready, how does it do?"""

from __future__ import annotations

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest, multiprocess
from prometheus_client import REGISTRY as ONE_PROCESS

from kernel.shortcuts import shortcut
from paygate.settings.env import env


def healthz(request: HttpRequest) -> HttpResponse:
    """This process answers."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> HttpResponse:
    """What it depends on answers, each by itself. Without Redis it is slower, and still ready."""
    parts = {
        "database": _database(),
        "redis": shortcut(lambda r: "ok" if r.ping() else "gone", otherwise="gone"),
    }
    ready = parts["database"] == "ok"
    return JsonResponse(
        {"status": "ok" if ready else "unavailable", **parts}, status=200 if ready else 503
    )


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM django_migrations")
    except DatabaseError:
        return "gone"
    finally:
        connection.close()
    return "ok"


def metrics(request: HttpRequest) -> HttpResponse:
    """For Prometheus; of all processes of this server where PROMETHEUS_MULTIPROC_DIR is set."""
    registry = ONE_PROCESS
    if env.str("PROMETHEUS_MULTIPROC_DIR", default=""):
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
