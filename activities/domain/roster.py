"""Who was in a session, as the ledger says it, and finding somebody to mark present."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from accounts.enums import AddressKind
from accounts.models import IdentityLink, Person, PersonAddress
from activities.enums import SEAT_TAKING
from activities.models import Activity, AttendanceEvidence, Registration, SelfStatement, Session

SHORTEST = 3
MOST = 8


@dataclass(frozen=True)
class Line:
    """One fact of the ledger as it stands now, with the rows it replaced, newest first.

    `person` is None while nobody knows whose address it is.
    """

    evidence: AttendanceEvidence
    person: Person | None
    before: tuple[AttendanceEvidence, ...]

    @property
    def name(self) -> str:
        return self.person.name_with_degrees if self.person else self.given_name or self.evidence.identity.value

    @property
    def given_name(self) -> str:
        """The name that somebody gave with an address that is nobody's yet."""
        walk_in = getattr(self.first, "walk_in", None)
        return walk_in.name if walk_in else ""

    @property
    def stated(self) -> SelfStatement | None:
        """What the person stated of themselves, where that is the evidence."""
        return getattr(self.first, "statement", None)

    @property
    def first(self) -> AttendanceEvidence:
        """The row as it first stood, whatever replaced it."""
        return self.before[-1] if self.before else self.evidence


def lines(session: Session) -> list[Line]:
    """The ledger of a session by name; withdrawn rows stay and say so. Two queries."""
    links = IdentityLink.objects.filter(ended_at=None).select_related("person")
    rows = (
        AttendanceEvidence.objects.filter(session=session).select_related("identity", "walk_in", "statement")
        .prefetch_related(Prefetch("identity__links", links, to_attr="live_links")).order_by("pk")
    )  # fmt: skip
    by_id = {row.pk: row for row in rows}
    replaced = {row.supersedes_id for row in by_id.values() if row.supersedes_id}
    found = [_line(row, by_id) for row in by_id.values() if row.pk not in replaced]
    return sorted(found, key=lambda line: (line.evidence.withdrawn, line.name.lower(), line.evidence.pk))


def _line(row: AttendanceEvidence, by_id: dict[int, AttendanceEvidence]) -> Line:
    before: list[AttendanceEvidence] = []
    older = row.supersedes_id
    while older is not None:
        before.append(by_id[older])
        older = by_id[older].supersedes_id
    links: Sequence[IdentityLink] = row.identity.live_links  # type: ignore[attr-defined]
    return Line(row, links[0].person if links else None, tuple(before))


def with_place(activity: Activity) -> QuerySet[Person]:
    """Who has a place."""
    return Person.objects.filter(
        registrations__in=Registration.objects.filter(activity=activity, status__in=SEAT_TAKING)
    )


def registered(activity: Activity) -> list[Person]:
    """Who has a place, by family name, for a list to sign. One query."""
    return list(with_place(activity).order_by("family_name", "given_name", "pk"))


def people_like(typed: str, activity: Activity | None) -> list[Person]:
    """Known people with this e-mail address, or whose names begin like this, those registered first. One query.

    An address must be whole: nobody learns addresses by trying.
    """
    text = typed.strip()
    if len(text) < SHORTEST:
        return []
    known = Person.objects.filter(deactivated_at=None)
    if "@" in text:
        known = known.filter(
            Exists(
                PersonAddress.objects.filter(
                    person=OuterRef("pk"), kind=AddressKind.EMAIL, value=text.lower(), removed_at=None
                )
            )
        )
    else:
        for word in text.replace(",", " ").split():
            known = known.filter(Q(given_name__istartswith=word) | Q(family_name__istartswith=word))
    here = Registration.objects.filter(activity=activity, person=OuterRef("pk"), status__in=SEAT_TAKING)
    return list(
        known.annotate(is_registered=Exists(here)).order_by("-is_registered", "family_name", "given_name", "pk")[:MOST]
    )
