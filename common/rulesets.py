"""Effective-dated rule parameters: numbers that regulators may change are data (law 5).

A process remembers them, and the other dated rows (`remembered`), and asks every few seconds whether any changed: one
small query, at most.
"""

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.conf import settings

from common import clock

T = TypeVar("T")


class MissingParameter(LookupError):
    """No value of a parameter holds on the date asked for."""


@dataclass(frozen=True)
class _Row:
    start: dt.date
    end: dt.date | None
    scope: str
    value: Any

    def holds(self, day: dt.date) -> bool:
        return self.start <= day and (self.end is None or day < self.end)


@dataclass
class _Memory:
    """What was read, by name; `number` is the version of it all, `asked` when it was compared last."""

    number: int
    asked: float
    read: dict[str, Any] = field(default_factory=dict)


_memory: _Memory | None = None


def value_on(code: str, date: dt.date | None = None, *, scope: str = "") -> Any:
    """The value of a parameter on a date (today in UTC by default); the narrower scope wins over the general one."""
    day = date or clock.now().date()
    rows = [row for row in _rows().get(code, ()) if row.scope in {"", scope} and row.holds(day)]
    found = next((row for row in rows if row.scope == scope), None) or next(iter(rows), None)
    if found is None:
        raise MissingParameter(f"Rule parameter {code} has no value on {day}.")
    return found.value


def version() -> str:
    """Names the rule set that applies today, for claims: the latest date any parameter began to hold."""
    day = clock.now().date()
    began = (row.start for rows in _rows().values() for row in rows if row.start <= day)
    return max((start.isoformat() for start in began), default="none")


def changed() -> None:
    """Have every process read the parameters anew; call it in the transaction that changes them."""
    from common.models import ReferenceVersion

    row, _made = ReferenceVersion.objects.select_for_update().get_or_create(pk=1)
    row.number += 1
    row.save(update_fields=["number"])
    forget()


def forget() -> None:
    """Drop what this process remembers."""
    global _memory
    _memory = None


def remembered(name: str, load: Callable[[], T]) -> T:
    """What `load` reads of dated rows, read once until `changed` is called in any process."""
    global _memory
    at = time.monotonic()
    if _memory is not None and at - _memory.asked >= settings.RULES_RECHECK_SECONDS:
        _memory.asked = at
        if _number() != _memory.number:
            _memory = None
    if _memory is None:
        _memory = _Memory(_number(), at)  # before the rows: a change in between is noticed the next time
    memory = _memory
    if name not in memory.read:
        memory.read[name] = load()
    found: T = memory.read[name]
    return found


def _rows() -> dict[str, list[_Row]]:
    """Rows per code, the newest version first."""
    return remembered("parameters", _load)


def _number() -> int:
    from common.models import ReferenceVersion

    return ReferenceVersion.objects.filter(pk=1).values_list("number", flat=True).first() or 0


def _load() -> dict[str, list[_Row]]:
    from common.models import RuleParameter

    found: dict[str, list[_Row]] = {}
    for row in RuleParameter.objects.order_by("code", "-effective_from", "-revision"):
        found.setdefault(row.code, []).append(_Row(row.effective_from, row.effective_to, row.scope, row.value))
    return found
