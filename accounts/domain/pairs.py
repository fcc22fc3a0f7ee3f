"""What the office's pages of duplicates show: lists, sides to compare. Reading only."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Max, Q, QuerySet

from accounts.domain import duplicates, learner_fields
from accounts.enums import AddressKind, SuggestionState
from accounts.models import DuplicateSuggestion, OfficeRole, Person, PersonAddress, User
from common.models import Job

MOST_FOUND = 12


@dataclass(frozen=True)
class Row:
    """A pair as the list shows it; `kept` is the record to keep unless somebody chooses otherwise."""

    suggestion: DuplicateSuggestion
    kept: Person
    away: Person
    kept_email: str
    away_email: str
    reasons: tuple[tuple[int, str], ...]

    @property
    def both(self) -> tuple[tuple[Person, str], tuple[Person, str]]:
        return (self.kept, self.kept_email), (self.away, self.away_email)

    @property
    def is_strong(self) -> bool:
        return self.suggestion.score >= duplicates.STRONG_FROM


@dataclass(frozen=True)
class Side:
    """One record in the comparison."""

    person: Person
    emails: tuple[PersonAddress, ...]
    phones: tuple[PersonAddress, ...]
    numbers: tuple[Any, ...]
    licences: tuple[Any, ...]
    roles: tuple[str, ...]
    signs_in: bool


def select(*, tab: str, query: str) -> QuerySet[DuplicateSuggestion]:
    """Open pairs, those that their owner asked for first, then by score; settled ones, the newest first."""
    rows = DuplicateSuggestion.objects.select_related("low", "high")
    if tab == "open":
        rows = rows.filter(state=SuggestionState.OPEN).order_by("-asked_by_owner", "-score", "pk")
    else:
        rows = rows.exclude(state=SuggestionState.OPEN).order_by("-settled_at", "pk")
    for word in query.replace(",", " ").split()[:4]:
        rows = rows.filter(
            Q(low__family_name__icontains=word) | Q(low__given_name__icontains=word)
            | Q(high__family_name__icontains=word) | Q(high__given_name__icontains=word)
        )  # fmt: skip
    return rows


def counts() -> dict[str, int]:
    """How many are open, and how many of them are nearly certain."""
    rows = DuplicateSuggestion.objects.filter(state=SuggestionState.OPEN)
    return {"open": rows.count(), "strong": rows.filter(score__gte=duplicates.STRONG_FROM).count()}


def looked_at() -> dt.datetime | None:
    """When everybody was looked at last, as far as it is known: by the office's button or by what was found."""
    asked = Job.objects.filter(name="accounts.tasks.find_duplicates").aggregate(at=Max("finished_at"))["at"]
    found = DuplicateSuggestion.objects.aggregate(at=Max("found_at"))["at"]
    return max(filter(None, (asked, found)), default=None)


def rows(found: list[DuplicateSuggestion]) -> list[Row]:
    """Three queries, however many."""
    ids = {pk for s in found for pk in (s.low_id, s.high_id)}
    emails: dict[int, str] = {}
    for person_id, value in (
        PersonAddress.objects.filter(person__in=ids, kind=AddressKind.EMAIL, removed_at=None)
        .order_by("-is_primary", "pk").values_list("person_id", "value")
    ):  # fmt: skip
        emails.setdefault(person_id, value)
    users = set(User.objects.filter(person__in=ids).values_list("person_id", flat=True))
    return [_row(s, emails, users) for s in found]


def _row(suggestion: DuplicateSuggestion, emails: dict[int, str], users: set[int]) -> Row:
    kept, away = ordered(suggestion.low, suggestion.high, users)
    reasons = tuple((points, text) for _key, points, text in suggestion.reasons)
    return Row(suggestion, kept, away, emails.get(kept.pk, ""), emails.get(away.pk, ""), reasons)


def ordered(one: Person, other: Person, users: set[int]) -> tuple[Person, Person]:
    """The one to keep first: who signs in, then who is known longer."""
    first, second = sorted((one, other), key=lambda p: (p.pk not in users, p.created_at, p.pk))
    return first, second


def of(one: Person, other: Person) -> DuplicateSuggestion | None:
    """What is on record about a pair."""
    low, high = sorted((one.pk, other.pk))
    return DuplicateSuggestion.objects.filter(low_id=low, high_id=high).first()


def sides(*persons: Person) -> tuple[Side, ...]:
    """Everything the comparison shows of each; a constant number of queries for each."""
    return tuple(_side(p) for p in persons)


def _side(person: Person) -> Side:
    rows = list(PersonAddress.objects.filter(person=person, removed_at=None).order_by("-is_primary", "pk"))
    roles = OfficeRole.objects.filter(person=person, revoked_at=None).order_by("pk")
    return Side(
        person=person,
        emails=tuple(a for a in rows if a.kind == AddressKind.EMAIL),
        phones=tuple(a for a in rows if a.kind == AddressKind.PHONE),
        numbers=tuple(learner_fields.numbers(person)),
        licences=tuple(learner_fields.licences(person)),
        roles=tuple(role.get_role_display() for role in roles),
        signs_in=User.objects.filter(person=person, is_active=True).exists(),
    )


def search(person: Person, typed: str) -> list[Person]:
    """Other live records by name or whole address, for somebody who knows the double."""
    known = Person.objects.filter(deactivated_at=None).exclude(pk=person.pk)
    if "@" in typed:
        known = known.filter(
            addresses__kind=AddressKind.EMAIL, addresses__value=typed.strip().lower(), addresses__removed_at=None
        )
    else:
        for word in typed.replace(",", " ").split()[:4]:
            known = known.filter(Q(given_name__istartswith=word) | Q(family_name__istartswith=word))
    return list(known.distinct().order_by("family_name", "given_name", "pk")[:MOST_FOUND])
