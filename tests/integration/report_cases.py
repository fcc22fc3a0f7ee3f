"""A physician who claimed ABIM points, and what the office does with them."""

import datetime as dt
import uuid
from decimal import Decimal

from accounts.actors import actor_of, actor_of_person
from accounts.models import PersonNumber
from common import clock
from credits.domain import claims
from credits.models import Claim, CreditType, Designation
from reporting.domain import due, ledger
from tests.factories import PersonFactory, UserFactory
from tests.integration.claim_cases import STATEMENT, ready


def designate(activity, code="moc_abim", maximum="1.00"):
    kind = CreditType.objects.get(code=code)
    return Designation.objects.create(
        activity=activity, credit_type=kind, scope="activity", maximum=Decimal(maximum), minutes=60, statement="", accreditation_statement=STATEMENT,
        rule_set="2026-01-01", designated_at=clock.now(), designated_by=PersonFactory(), needs=kind.needs, details={"moc_kind": "Medical Knowledge"},
    )  # fmt: skip


def allow(person, kind="abim", *, allowed=True):
    at = clock.now()
    PersonNumber.objects.update_or_create(
        person=person, kind=kind, removed_at=None,
        defaults={"value": "123456", "added_at": at, "report_ok_at": at if allowed else None},
    )  # fmt: skip


def points(*, person=None, sessions=1, credit="1.00", ago=dt.timedelta(0)) -> Claim:
    """A claim with AMA PRA credit and ABIM points, so that one line has to be told."""
    person = person or PersonFactory(birth_month=3, birth_day=14)
    person, activity, held = ready(sessions=sessions, person=person, ago=ago)
    designate(activity, maximum=f"{sessions}.00")
    allow(person)
    return claims.claim(
        person_id=person.pk, activity_id=activity.pk, choices={s.pk: Decimal(credit) for s in held}, form_key=uuid.uuid4(), disclosure_sha="",
        codes=["ama_pra_1", "moc_abim"], by=actor_of_person(person),
    )  # fmt: skip


def staff():
    return actor_of(UserFactory(roles=["staff"]))


def day() -> dt.date:
    return due.today()


def mark(verb, *rows, by=None, on=None, text="") -> int:
    needs_day = verb in {"send", "accept", "reject"}
    return ledger.mark(
        verb=verb,
        report_ids=[row.pk for row in rows],
        on=on or (day() if needs_day else None),
        text=text,
        by=by or staff(),
    )
