"""Findings: one rule's verdict on one object, read by checklist, gate, staff page and file alike (laws 2 and 3)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any, Literal

from django.conf import settings
from django.db import models

from common.errors import Conflict

Level = Literal["passed", "missing", "failed", "not_applicable", "waived"]
OPEN = frozenset({"missing", "failed"})


@dataclass(frozen=True)
class Finding:
    """The verdict of one rule. `title` says what must hold, `proof` what the record shows, `link` where to act.

    `section` is the application section that mends it, `anchor` the field in it; `who` is who can act.
    """

    rules: tuple[str, ...]
    level: Level
    title: str
    proof: str = ""
    section: str = ""
    anchor: str = ""
    link: str = ""
    group: str = "Planning"
    who: str = "planner"
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        return self.level in OPEN


@dataclass(frozen=True)
class Check:
    """A registered check: which gates read it, in which group it is shown."""

    function: Callable[[Any], "Finding | Iterable[Finding] | None"]
    gates: frozenset[str]
    rules: tuple[str, ...]
    group: str


_CHECKS: dict[str, list[Check]] = {}


def check(
    *rules: str, gates: Iterable[str], group: str = "Planning"
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a `check_*` function for gates such as "submission" or "approval"; it cites at least one rule."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        if not rules:
            raise ValueError(f"{function.__name__} cites no rule")
        _CHECKS.setdefault(function.__module__, []).append(Check(function, frozenset(gates), rules, group))
        return function

    return register


def registered() -> list[Check]:
    """Every check of the installation, in the order of READINESS_CHECKS."""
    for path in settings.READINESS_CHECKS:
        import_module(path)
    return [c for path in settings.READINESS_CHECKS for c in _CHECKS.get(path, [])]


def collect(gate: str, facts: Any, *, subject: models.Model) -> list[Finding]:
    """Run every check of a gate on the facts, with the object's waivers applied."""
    found: list[Finding] = []
    for item in registered():
        if gate not in item.gates:
            continue
        result = item.function(facts)
        results = [result] if isinstance(result, Finding) else list(result or ())
        found += [
            replace(f, rules=f.rules or item.rules, group=item.group if f.group == "Planning" else f.group)
            for f in results
        ]
    if not any(f.is_open for f in found):
        return found
    waived = _waived_rules(subject)
    return [replace(f, level="waived") if f.is_open and set(f.rules) <= waived else f for f in found]


def require_clean(findings: Iterable[Finding]) -> None:
    """Raise Conflict naming what is open; the page lists the findings themselves."""
    open_ones = [f for f in findings if f.is_open]
    if open_ones:
        names = "; ".join(f"{f.title} ({', '.join(f.rules)})" for f in open_ones[:3])
        more = f" and {len(open_ones) - 3} more" if len(open_ones) > 3 else ""
        raise Conflict(f"Still open: {names}{more}.")


def _waived_rules(subject: models.Model) -> frozenset[str]:
    from common import clock
    from common.models import Waiver

    rows = Waiver.objects.filter(subject_type=subject._meta.label_lower, subject_id=subject.pk)
    day = clock.now().date()
    return frozenset(w.rule for w in rows if w.until is None or w.until >= day)
