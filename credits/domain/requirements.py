"""What a state, a board or a hospital asks of a person, how far the transcript goes, and what would fill a gap."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.db.models import Max

from accounts.models import Person
from common import audit, clock, locks
from common.actors import Actor, require_self
from common.errors import Conflict, Invalid, NotAllowed
from credits import meters
from credits.domain import suggestions, transcripts
from credits.domain.suggestions import Suggestion
from credits.meters import Earning, Meter
from credits.models import PersonRequirement, Requirement, RequirementProfile

ONLY_SELF = "Everybody chooses for themselves what they watch."
FARTHEST = dt.timedelta(days=366 * 11)


@dataclass(frozen=True)
class Line:
    """A meter with what would fill it."""

    meter: Meter
    suggestions: tuple[Suggestion, ...] = ()


@dataclass(frozen=True)
class Watched:
    """One profile that a person chose, with its meters."""

    choice: PersonRequirement
    profile: RequirementProfile
    starts_on: dt.date
    lines: tuple[Line, ...]
    days_left: int

    @property
    def open(self) -> int:
        return sum(line.meter.is_open for line in self.lines)

    @property
    def is_over(self) -> bool:
        return self.days_left < 0


def profiles(day: dt.date) -> dict[str, RequirementProfile]:
    """The version of each profile that holds on a day, with its lines, by code. Two queries."""
    rows = RequirementProfile.objects.filter(effective_from__lte=day).prefetch_related("requirements")
    found: dict[str, RequirementProfile] = {}
    for row in rows.order_by("effective_from", "revision"):
        found[row.code] = row
    held = {code: row for code, row in found.items() if row.effective_to is None or day < row.effective_to}
    return dict(sorted(held.items(), key=lambda pair: (pair[1].kind != "state", pair[1].kind, pair[1].name)))


def watched(person: Person, earnings: Sequence[Earning] | None = None, *, suggest: bool = False) -> list[Watched]:
    """What a person watches, the next renewal first: one query for who watches nothing, a constant number for others.

    `earnings` are those of a transcript that is at hand; without them it is loaded. `suggest` looks for what fills gaps.
    """
    choices = list(PersonRequirement.objects.filter(person=person, removed_at=None))
    if not choices:
        return []
    today = clock.now().date()
    known = profiles(today)
    held = earnings if earnings is not None else transcripts.earnings(person)
    pairs = [(choice, known[choice.profile_code]) for choice in choices if choice.profile_code in known]
    measured = [(c, p, meters.measure(as_rules(p), standing(c, p), held)) for c, p in pairs]
    fit = suggestions.fitting(person, [m for _c, _p, found in measured for m in found]) if suggest else {}
    return [
        Watched(c, p, standing(c, p).starts_on, tuple(Line(m, fit.get(m, ())) for m in found), (c.renews_on - today).days)
        for c, p, found in measured
    ]  # fmt: skip


def as_rules(profile: RequirementProfile) -> meters.Profile:
    return meters.Profile(
        profile.minutes_per_hour,
        tuple(
            meters.Rule(r.key, r.label, r.hours, r.every, r.number, tuple(r.topics), tuple(r.credit_types), r.condition)  # type: ignore[arg-type]
            for r in profile.requirements.all()
        ),
        profile.exempt_renewals,
    )


def standing(choice: PersonRequirement, profile: RequirementProfile) -> meters.Standing:
    """From when credit counts: as the profile's cycle says, else as the person says."""
    since = choice.starts_on or meters.starts_on(choice.renews_on, profile.cycle_months or 24)
    return meters.Standing(since, choice.renews_on, choice.renewal, frozenset(choice.applies))


# --- use cases ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Dates:
    """What a person says of themselves and one profile."""

    renews_on: dt.date
    renewal: int = 2
    starts_on: dt.date | None = None
    applies: tuple[str, ...] = ()


def choose(*, person_id: int, code: str, dates: Dates, by: Actor) -> PersonRequirement:
    """Watch a profile, or change one's dates in it."""
    require_self(by, person_id, ONLY_SELF)
    with transaction.atomic(durable=True):
        person = locks.lock_row(Person.objects.all(), pk=person_id)
        profile = profiles(clock.now().date()).get(code)
        if profile is None:
            raise Conflict("This is not offered any more. Choose another one.")
        values, at = _values(profile, dates), clock.now()
        row = PersonRequirement.objects.filter(person=person, profile_code=code, removed_at=None).first()
        if row is None:
            row = PersonRequirement.objects.create(
                person=person, profile_code=code, added_at=at, changed_at=at, **values
            )
        else:
            for name, value in values.items():
                setattr(row, name, value)
            row.changed_at = at
            row.save(update_fields=[*values, "changed_at"])
        audit.record("requirement_watched", by=by, subject=row, new={"profile": code, **values})
    return row


def let_go(*, person_id: int, code: str, by: Actor) -> PersonRequirement:
    """Watch it no longer."""
    require_self(by, person_id, ONLY_SELF)
    with transaction.atomic(durable=True):
        rows = PersonRequirement.objects.select_for_update(of=("self",)).filter(person_id=person_id, profile_code=code, removed_at=None)  # fmt: skip
        row = rows.first()
        if row is None:
            raise Conflict("You do not watch this any more.")
        row.removed_at = clock.now()
        row.save(update_fields=["removed_at"])
        audit.record("requirement_let_go", by=by, subject=row, old={"profile": code})
    return row


def take_back(*, person_id: int, code: str, by: Actor) -> PersonRequirement:
    """Watch again what was just let go, with the dates it had."""
    require_self(by, person_id, ONLY_SELF)
    with transaction.atomic(durable=True):
        locks.lock_row(Person.objects.all(), pk=person_id)
        mine = PersonRequirement.objects.filter(person_id=person_id, profile_code=code)
        row = mine.filter(removed_at__isnull=False).order_by("-removed_at").first()
        if row is None or mine.filter(removed_at=None).exists():
            raise Conflict("You watch this already.")
        row.removed_at = None
        row.save(update_fields=["removed_at"])
        audit.record("requirement_watched", by=by, subject=row, new={"profile": code, "again": True})
    return row


def _values(profile: RequirementProfile, dates: Dates) -> dict[str, object]:
    today, wrong = clock.now().date(), {}
    if abs(dates.renews_on - today) > FARTHEST:
        wrong["renews_on"] = "Choose the day of the renewal, within ten years."
    if not 1 <= dates.renewal <= 40:
        wrong["renewal"] = "Count renewals from 1."
    starts = None if profile.cycle_months else dates.starts_on
    if not profile.cycle_months and starts is None:
        wrong["starts_on"] = "Choose the first day that counts for this renewal."
    elif starts is not None and not starts < dates.renews_on <= starts + FARTHEST:
        wrong["starts_on"] = "The first day that counts comes before the renewal."
    if wrong:
        raise Invalid(fields=wrong)
    conditional = {r.key for r in profile.requirements.all() if r.condition}
    return {
        "renews_on": dates.renews_on, "renewal": dates.renewal, "starts_on": starts, "applies": sorted(conditional & set(dates.applies)),
    }  # fmt: skip


# --- by the office ----------------------------------------------------------------------------------------------


def write_profile(*, values: Mapping[str, object], by: Actor, based_on: int | None = None) -> RequirementProfile:
    """A profile of the office, or its own version of one that is there, with the lines of that one.

    What was written before stays: the newest version that has begun holds.
    """
    if not by.is_office:
        raise NotAllowed("Only the CME office writes what boards and hospitals ask for.")
    with transaction.atomic(durable=True):
        locks.lock_key("reference", "requirements")
        before = RequirementProfile.objects.filter(pk=based_on).first() if based_on else None
        code = before.code if before else _code(str(values["name"]))
        same = RequirementProfile.objects.filter(code=code)
        if before is None and same.exists():
            raise Invalid(fields={"name": "There is one of this name. Open it, and write a new version."})
        newest = same.order_by("-revision").first()
        row = RequirementProfile.objects.create(
            **{"code": code, "checked_on": clock.now().date(), **values, "revision": newest.revision + 1 if newest else 1, "written_by": by.label}
        )  # fmt: skip
        if before is not None:
            for line in before.requirements.all():
                line.pk, line.profile, line._state.adding = None, row, True
                line.save(force_insert=True)
        audit.record("requirement_profile_written", by=by, subject=row, new={k: str(v) for k, v in values.items()})
    return row


def _code(name: str) -> str:
    plain = "".join(c if c.isascii() and c.isalnum() else "_" for c in name.lower()).strip("_")
    return f"own_{plain}"[:30].rstrip("_")


def add_line(
    *, profile_id: int, label: str, hours: Decimal, every: str, number: int | None, topics: Sequence[str], credit_types: Sequence[str],
    condition: str, by: Actor,
) -> Requirement:  # fmt: skip
    """One more line of a profile that the office wrote; those from the reference file stay as they were confirmed."""
    with transaction.atomic(durable=True):
        profile = _own_profile(profile_id, by)
        wrong = {}
        if not 0 < hours <= 500:
            wrong["hours"] = "Write a number of hours above 0."
        if every in {"nth", "first_then_years"} and not number:
            wrong["number"] = "Say every how many."
        if wrong:
            raise Invalid(fields=wrong)
        last = profile.requirements.aggregate(last=Max("position"))["last"] or 0
        row = Requirement.objects.create(
            profile=profile, key=f"line_{last + 1}", label=" ".join(label.split()), hours=hours, every=every, number=number or 0, topics=list(topics),
            credit_types=list(credit_types), condition=" ".join(condition.split()), position=last + 1,
        )  # fmt: skip
        audit.record("requirement_line_added", by=by, subject=profile, new={"line": row.label, "hours": str(row.hours)})
    return row


def take_off_line(*, profile_id: int, line: str, by: Actor) -> None:
    """Take a line off a profile that the office wrote; what it said stands in the record."""
    with transaction.atomic(durable=True):
        profile = _own_profile(profile_id, by)
        row = profile.requirements.filter(key=line).first()
        if row is None:
            raise Conflict("That line is not there any more.")
        audit.record(
            "requirement_line_taken_off", by=by, subject=profile, old={"line": row.label, "hours": str(row.hours)}
        )
        row.delete()


def _own_profile(profile_id: int, by: Actor) -> RequirementProfile:
    if not by.is_office:
        raise NotAllowed("Only the CME office writes what boards and hospitals ask for.")
    profile = locks.lock_row(RequirementProfile.objects.all(), pk=profile_id)
    if profile.revision == 0:
        raise Conflict("This comes from the reference file as it was confirmed. Write a version of your own first.")
    return profile
