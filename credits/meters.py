"""How far somebody is with what a state, a board or a hospital asks for. Pure: facts in, meters out (rulebook section 11).

Everything is counted in minutes, because an hour is not the same everywhere: Connecticut's contact hour has 50 (ST-CT-1).
The physician answers for the mandate, not we: a meter says what is on this transcript, nothing more.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Literal

from dateutil.relativedelta import relativedelta

Every = Literal["cycle", "year", "first", "first_then_years", "nth", "once"]
State = Literal["met", "open", "not_due"]
HUNDREDTH = Decimal("0.01")


@dataclass(frozen=True)
class Rule:
    """So many hours, of any topic or of some, of any credit or of some types, so often.

    `first_then_years`: in the first renewal that asks for credit, then within `number` years before each renewal.
    `nth`: in every `number`th renewal. `first`: up to the first renewal that asks for credit. `once`: ever.
    `year`: in each year of the cycle. A rule with a condition counts for who said that it applies to them.
    """

    key: str
    label: str
    hours: Decimal
    every: Every = "cycle"
    number: int = 0
    topics: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    condition: str = ""


@dataclass(frozen=True)
class Profile:
    """What one body asks for. The first `exempt` renewals ask for nothing."""

    minutes_per_hour: int
    rules: tuple[Rule, ...]
    exempt: int = 0


@dataclass(frozen=True)
class Standing:
    """Where a person stands with it: when this renewal is, since when it counts, which renewal it is."""

    starts_on: dt.date
    renews_on: dt.date
    renewal: int = 2
    applies: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Earning:
    """One session, piece of work or line from elsewhere. `verified` is what we issued.

    The same hour may carry several types: `minutes` are those of the hour, once; `kinds` are what each type gives, 60
    minutes a credit, for rules that name a type.
    """

    on: dt.date
    minutes: int
    kinds: Mapping[str, int]
    topics: Mapping[str, int] = field(default_factory=dict)
    verified: bool = True


@dataclass(frozen=True)
class Meter:
    """One rule for one person. Hours are the body's own; what was earned is rounded down, what is missing up."""

    rule: Rule
    state: State
    since: dt.date | None
    until: dt.date
    needed: int
    had: int
    unverified: int
    minutes_per_hour: int

    @property
    def missing_minutes(self) -> int:
        return max(0, self.needed - self.had)

    @property
    def hours_had(self) -> Decimal:
        return (Decimal(self.had) / self.minutes_per_hour).quantize(HUNDREDTH, rounding=ROUND_FLOOR)

    @property
    def hours_unverified(self) -> Decimal:
        return (Decimal(self.unverified) / self.minutes_per_hour).quantize(HUNDREDTH, rounding=ROUND_FLOOR)

    @property
    def hours_needed(self) -> Decimal:
        return (Decimal(self.needed) / self.minutes_per_hour).quantize(HUNDREDTH, rounding=ROUND_CEILING)

    @property
    def hours_missing(self) -> Decimal:
        return (Decimal(self.missing_minutes) / self.minutes_per_hour).quantize(HUNDREDTH, rounding=ROUND_CEILING)

    @property
    def is_open(self) -> bool:
        return self.state == "open"


def measure(profile: Profile, standing: Standing, earnings: Sequence[Earning]) -> list[Meter]:
    """A meter for each rule that concerns this person, in the order of the rules."""
    rules = [r for r in profile.rules if not r.condition or r.key in standing.applies]
    return [_meter(profile, rule, standing, earnings) for rule in rules]


def starts_on(renews_on: dt.date, months: int) -> dt.date:
    """The first day that counts for a renewal: the day after the renewal before."""
    return renews_on - relativedelta(months=months) + dt.timedelta(days=1)


def _meter(profile: Profile, rule: Rule, standing: Standing, earnings: Sequence[Earning]) -> Meter:
    since, until = _since(profile, rule, standing), standing.renews_on
    slices = _slices(standing) if rule.every == "year" else [(since, until)]
    each = int((rule.hours * profile.minutes_per_hour).to_integral_value(rounding=ROUND_CEILING))
    had = unverified = 0
    for first, last in slices:
        inside = [e for e in earnings if (first is None or first <= e.on) and e.on <= last]
        ours = sum(_minutes(rule, e) for e in inside if e.verified)
        theirs = sum(_minutes(rule, e) for e in inside if not e.verified)
        # A year with more does not make up for one with less.
        ours_here = min(ours, each) if len(slices) > 1 else ours
        theirs_here = min(theirs, max(0, each - ours_here)) if len(slices) > 1 else theirs
        had, unverified = had + ours_here + theirs_here, unverified + theirs_here
    needed = each * len(slices)
    state: State = "not_due" if not _is_due(profile, rule, standing) else "met" if had >= needed else "open"
    return Meter(rule, state, since, until, needed, had, unverified, profile.minutes_per_hour)


def _is_due(profile: Profile, rule: Rule, standing: Standing) -> bool:
    if rule.every == "once":
        return True
    if standing.renewal <= profile.exempt:
        return False
    if rule.every == "first":
        return standing.renewal == profile.exempt + 1
    return rule.every != "nth" or standing.renewal % max(rule.number, 1) == 0


def _since(profile: Profile, rule: Rule, standing: Standing) -> dt.date | None:
    if rule.every in {"once", "first"}:
        return None
    if rule.every == "first_then_years" and standing.renewal > profile.exempt + 1:
        return standing.renews_on - relativedelta(years=rule.number) + dt.timedelta(days=1)
    return standing.starts_on


def _slices(standing: Standing) -> list[tuple[dt.date | None, dt.date]]:
    """The years of a cycle, counted back from the renewal; the first may be shorter."""
    found: list[tuple[dt.date | None, dt.date]] = []
    last, number = standing.renews_on, 1
    while last >= standing.starts_on and number < 50:
        first = standing.renews_on - relativedelta(years=number) + dt.timedelta(days=1)
        found.append((max(first, standing.starts_on), last))
        last, number = first - dt.timedelta(days=1), number + 1
    return found[::-1]


def _minutes(rule: Rule, earning: Earning) -> int:
    """What of an earning counts for a rule: its minutes on the topics asked for, never more than it has."""
    most = max((earning.kinds.get(kind, 0) for kind in rule.kinds), default=earning.minutes)
    return min(most, sum(earning.topics.get(topic, 0) for topic in rule.topics)) if rule.topics else most
