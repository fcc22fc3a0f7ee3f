"""Row and advisory locks. They refuse to work outside a transaction, where they would protect nothing."""

import zlib
from typing import TypeVar

from django.db import connection, models

M = TypeVar("M", bound=models.Model)

# One number per purpose, so that two purposes can never wait for each other by accident.
NAMESPACES = {
    "activity_number": 1,
    "check_in_code": 2,
    "reference": 3,
    "seed": 4,
    "sign_in": 5,
    "identity": 6,
    "person_merge": 7,
    "certificate_design": 8,
    "former_credit": 9,
}


def require_transaction() -> None:
    """Raise unless the caller runs inside a transaction."""
    if not connection.in_atomic_block:
        raise RuntimeError("A lock needs an open transaction.")


def lock_key(namespace: str, key: object) -> None:
    """Hold an advisory lock on (purpose, key) until the transaction ends."""
    require_transaction()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, %s)", [NAMESPACES[namespace], zlib.crc32(str(key).encode()) - 2**31]
        )


def lock_row(queryset: "models.QuerySet[M] | models.Manager[M]", **lookup: object) -> M:
    """Fetch one row and hold it until the transaction ends; DoesNotExist as `get` raises it."""
    require_transaction()
    return queryset.select_for_update(of=("self",)).get(**lookup)
