"""Is it alive, is it ready? (How it does: paygate.monitoring.)"""

from __future__ import annotations

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse

from kernel.shortcuts import shortcut


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
