"""What the claim tests share: an open activity with a designation, an attendee, a finished evaluation."""

import datetime as dt
import uuid
from decimal import Decimal

from django.db import transaction

from accounts.actors import actor_of_person
from accounts.domain import identities
from activities.models import AttendanceEvidence
from common import clock
from common.actors import Actor, system
from credits.domain import claims
from credits.models import CreditType, Designation
from evaluations.domain import questionnaires
from evaluations.models import Completion
from tests.factories import ActivityFactory, PersonFactory, ProviderFactory, SessionFactory

BY = system("test")
STATEMENT = "The Lakeshore University School of Medicine is accredited by the Accreditation Council for Continuing Medical Education (ACCME) to provide continuing medical education for physicians."


def designate(activity, *, maximum="1.00", minutes=60, scope="activity", by=None, credit_type="ama_pra_1"):
    return Designation.objects.create(
        activity=activity, credit_type=CreditType.objects.get(code=credit_type), scope=scope, maximum=Decimal(maximum), minutes=minutes,
        statement="The provider designates this live activity.", accreditation_statement=STATEMENT, rule_set="2026-01-01",
        designated_at=clock.now(), designated_by=by or PersonFactory(),
    )  # fmt: skip


def attend(person, session, *, method="code", minutes=None):
    with transaction.atomic():
        identity = identities.of_person(person)
        return AttendanceEvidence.objects.create(
            session=session,
            identity=identity,
            method=method,
            at=clock.now(),
            minutes=minutes,
            recorded_by="test",
            recorded_at=clock.now(),
        )


def evaluate(person, activity):
    with transaction.atomic():
        sheet = questionnaires.current(activity) or questionnaires.create_for(activity, by=BY)
    return Completion.objects.create(questionnaire=sheet, person=person, at=clock.now())


def ready(*, sessions=1, evaluated=True, person=None, maximum=None, series=False, ago=dt.timedelta(0)):
    """A person who attended `sessions` consecutive hours that ended just now, or so long ago."""
    ProviderFactory()
    person = person or PersonFactory()
    activity = ActivityFactory(published=True, kind="RSS" if series else "C")
    now = clock.now() - ago
    made = [SessionFactory(activity=activity, starts_at=now - dt.timedelta(hours=n + 1)) for n in range(sessions)]
    designate(
        activity, maximum=maximum or ("1.00" if series else f"{sessions}.00"), scope="session" if series else "activity"
    )
    for session in made:
        attend(person, session)
    with transaction.atomic():
        questionnaires.create_for(activity, by=BY)
    if evaluated:
        evaluate(person, activity)
    return person, activity, made


def claim(person, activity, choices, *, key=None, by: Actor | None = None):
    return claims.claim(
        person_id=person.pk, activity_id=activity.pk, choices={s.pk: Decimal(v) for s, v in choices.items()}, form_key=key or uuid.uuid4(),
        disclosure_sha="", by=by or actor_of_person(person),
    )  # fmt: skip
