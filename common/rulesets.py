"""Effective-dated rule parameters: numbers that regulators may change are data (law 5)."""

import datetime as dt
from typing import Any

from common import clock


class MissingParameter(LookupError):
    """No value of a parameter holds on the date asked for."""


_cache: dict[str, list[tuple[dt.date, dt.date | None, str, Any]]] = {}


def value_on(code: str, date: dt.date | None = None, *, scope: str = "") -> Any:
    """The value of a parameter on a date (today in UTC by default); the narrower scope wins over the general one."""
    day = date or clock.now().date()
    if not _cache:
        _load()
    general = None
    for start, end, row_scope, value in _cache.get(code, []):
        if start <= day and (end is None or day < end):
            if row_scope == scope:
                return value
            if row_scope == "":
                general = value
    if general is None:
        raise MissingParameter(f"Rule parameter {code} has no value on {day}.")
    return general


def version() -> str:
    """Names the rule set that applied, for claims: the latest date any parameter began to hold."""
    if not _cache:
        _load()
    return max((start.isoformat() for rows in _cache.values() for start, *_ in rows), default="none")


def forget() -> None:
    """Drop what this process remembers; loading reference data calls it."""
    _cache.clear()


def _load() -> None:
    from common.models import RuleParameter

    for row in RuleParameter.objects.order_by("code", "effective_from"):
        _cache.setdefault(row.code, []).append((row.effective_from, row.effective_to, row.scope, row.value))
