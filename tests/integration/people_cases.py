"""What the tests about people who stand in the records twice share."""

import datetime as dt

from allauth.account.models import EmailAddress
from django.db import transaction

from accounts.actors import actor_of
from accounts.domain import identities, merging
from accounts.models import Person, PersonAddress, PersonMergeItem, User
from activities.models import AttendanceEvidence
from common import clock
from common.actors import Actor, system
from tests.factories import PersonFactory, UserFactory

BY = system("test")
OFFICE = Actor(kind="user", label="Joan Kowalczyk", person_id=None, roles=frozenset({"staff"}))
DIRECTOR = Actor(kind="user", label="Marcus Adeyemi", person_id=None, roles=frozenset({"director"}))


def user(email: str, **person) -> User:
    """Somebody who signs in with a proved address."""
    made = UserFactory(person=PersonFactory(email=email, **person))
    EmailAddress.objects.create(user=made, email=email, verified=True, primary=True)
    return made


def waiting(email: str, **person) -> Person:
    """Somebody whom an import or a planner entered: an address that nobody proved, no account."""
    at = clock.now()
    values = {"given_name": "Maria", "family_name": "Lopez", "degrees": "RN", "profession": "nurse", "created_at": at}
    made = Person.objects.create(**{**values, **person})
    PersonAddress.objects.create(person=made, kind="email", value=email, is_primary=True, created_at=at)
    return made


def evidence(email: str, session, *, kind: str = "email", method: str = "roster") -> AttendanceEvidence:
    """A row that an import wrote under an address or a phone, whosever it is."""
    at = clock.now()
    with transaction.atomic():
        return AttendanceEvidence.objects.create(
            session=session, identity=identities.identity(kind=kind, value=email), method=method, at=at,
            recorded_by="import", recorded_at=at,
        )  # fmt: skip


def link(person: Person, email: str):
    with transaction.atomic():
        return identities.link(person=person, kind="email", value=email, by=BY, reason="test")


def join(away: Person, kept: Person, **choices):
    return merging.merge(away_id=away.pk, kept_id=kept.pk, choices=choices, reason="Same NPI.", by=OFFICE)


def apart(merge):
    return merging.undo(merge_id=merge.pk, reason="Two people after all.", by=OFFICE)


def as_user(person: Person) -> Actor:
    return actor_of(User.objects.get(person=person))


def state(*persons: Person) -> dict[str, object]:
    """Everything a merge may change, read from the tables; two states are equal when nothing differs."""
    from accounts.domain import person_rows

    found: dict[str, object] = {}
    for column in person_rows.columns():
        if column.label == "accounts.PersonMerge":
            continue
        rows = column.model._base_manager.filter(**{f"{column.field}__in": persons}).order_by("pk")
        skip = {"sha256"}
        found[f"{column.label}.{column.field}"] = [
            {f.attname: getattr(row, f.attname) for f in column.model._meta.concrete_fields if f.attname not in skip}
            for row in rows
        ]
    found["persons"] = list(Person.objects.filter(pk__in=[p.pk for p in persons]).order_by("pk").values())
    found["users"] = list(
        User.objects.filter(person__in=persons).order_by("pk").values("pk", "person_id", "email", "is_active")
    )
    found["sign_in"] = list(
        EmailAddress.objects.filter(user__person__in=persons)
        .order_by("email")
        .values("user_id", "email", "verified", "primary")
    )
    from accounts.models import IdentityLink

    live = IdentityLink.objects.filter(person__in=persons, ended_at=None).order_by("identity_id")
    found["identities"] = list(live.values("identity_id", "person_id"))
    return found


def moved(merge) -> set[tuple[str, str]]:
    return set(PersonMergeItem.objects.filter(merge=merge).values_list("table", "column"))


def hours_ago(n: int) -> dt.datetime:
    return clock.now() - dt.timedelta(hours=n)
