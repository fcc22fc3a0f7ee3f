"""Liveness and readiness, for the container and for the person on call."""

import datetime as dt
from collections.abc import Callable

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

from common import pdf, signing
from common.models import Heartbeat
from common.page import page

HEARTBEAT_MAX_AGE = dt.timedelta(seconds=60)
_PROBE = ".readyz"


@page(public=True)
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok", content_type="text/plain")


@page(public=True)
def readyz(request: HttpRequest) -> HttpResponse:
    """Every part that a learner's claim needs; 503 names those that are away."""
    parts = {name: probe() for name, probe in PROBES.items()}
    ok = all(problem == "" for problem in parts.values())
    parts |= {name: probe() for name, probe in NOTED.items()}
    body = {"ready": ok, "parts": {name: problem or "ok" for name, problem in parts.items()}}
    return JsonResponse(body, status=200 if ok else 503)


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return ""


def _migrations() -> str:
    executor = MigrationExecutor(connection)
    return "not applied" if executor.migration_plan(executor.loader.graph.leaf_nodes()) else ""


def _broker() -> str:
    import redis

    try:
        redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=0.5, socket_timeout=0.5).ping()
    except redis.RedisError as error:
        return type(error).__name__
    return ""


def _worker() -> str:
    beat = Heartbeat.objects.filter(name="worker").first()
    if beat is None:
        return "no heartbeat yet"
    age = dt.datetime.now(dt.UTC) - beat.at
    return f"last heartbeat {int(age.total_seconds())} s ago" if age > HEARTBEAT_MAX_AGE else ""


def _storage() -> str:
    store = storages["private"]
    try:
        if not store.exists(_PROBE):
            store.save(_PROBE, ContentFile(b"ok"))
    except OSError as error:
        return type(error).__name__
    return ""


def _pdf() -> str:
    status = pdf.status()
    return "" if status["ok"] else status["help"] or "fonts missing"


def _signing() -> str:
    found = signing.status()
    return "" if found.state == "ok" else found.text


PROBES: dict[str, Callable[[], str]] = {
    "database": _database, "migrations": _migrations, "broker": _broker, "worker": _worker, "storage": _storage, "pdf": _pdf,
}  # fmt: skip
# Named for whoever looks, without taking the portal away: certificates are issued without a signature meanwhile.
NOTED: dict[str, Callable[[], str]] = {"signing": _signing}
