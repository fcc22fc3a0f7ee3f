"""Counting tries in the database, where every web process sees them and a lost cache forgets nothing."""

import datetime as dt
import hashlib

from django.db import connection

from common import clock


def hit(purpose: str, key: object, *, limit: int, per: dt.timedelta) -> bool:
    """Count one try; True while it is within the limit. One statement, so concurrent tries cannot slip through."""
    digest = hashlib.sha256(str(key).encode()).hexdigest()[:40]
    at = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO common_ratebucket (key, count, window_ends) VALUES (%s, 1, %s)
               ON CONFLICT (key) DO UPDATE SET
                 count = CASE WHEN common_ratebucket.window_ends < %s THEN 1 ELSE common_ratebucket.count + 1 END,
                 window_ends = CASE WHEN common_ratebucket.window_ends < %s THEN EXCLUDED.window_ends
                                    ELSE common_ratebucket.window_ends END
               RETURNING count""",
            [f"{purpose}:{digest}", at + per, at, at],
        )
        return bool(cursor.fetchone()[0] <= limit)


def used(purpose: str, key: object) -> int:
    """How many tries count in the current window."""
    from common.models import RateBucket

    digest = hashlib.sha256(str(key).encode()).hexdigest()[:40]
    row = RateBucket.objects.filter(pk=f"{purpose}:{digest}").first()
    return row.count if row and row.window_ends >= clock.now() else 0
