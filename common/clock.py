"""The only source of the present (decision 20): demo and tests may move it, production may not."""

import datetime as dt
from zoneinfo import ZoneInfo

from django.conf import settings

UTC = dt.UTC
_cached: tuple[float, dt.timedelta] | None = None
_CACHE_SECONDS = 1.0


def now() -> dt.datetime:
    """The present in UTC, plus the offset of the demo or the test."""
    real = dt.datetime.now(UTC)
    return real + _offset(real.timestamp()) if settings.MOVABLE_CLOCK else real


def today(zone: str | ZoneInfo) -> dt.date:
    """The date it is now in a zone (IANA name or ZoneInfo)."""
    tz = ZoneInfo(zone) if isinstance(zone, str) else zone
    return now().astimezone(tz).date()


def local(date: dt.date, time: dt.time, zone: str) -> dt.datetime:
    """A wall-clock time of a zone as an instant; a time skipped by daylight saving moves forward."""
    wall = dt.datetime.combine(date, time, tzinfo=ZoneInfo(zone))
    return wall.astimezone(UTC)


def move(offset: dt.timedelta) -> None:
    """Move the demo's or test's present by this much from the real time."""
    if not settings.MOVABLE_CLOCK:
        raise RuntimeError("The clock moves only in the demo and in tests.")
    from common.models import ClockOffset

    global _cached
    ClockOffset.objects.update_or_create(pk=1, defaults={"seconds": int(offset.total_seconds())})
    _cached = None


def _offset(at: float) -> dt.timedelta:
    global _cached
    if _cached and at - _cached[0] < _CACHE_SECONDS:
        return _cached[1]
    from common.models import ClockOffset

    seconds = ClockOffset.objects.filter(pk=1).values_list("seconds", flat=True).first() or 0
    _cached = (at, dt.timedelta(seconds=seconds))
    return _cached[1]


def forget() -> None:
    """Read the offset again at the next call (tests)."""
    global _cached
    _cached = None
