"""Two phones, two taps, one person: one row. And an answer saved while it is sent leaves nothing behind."""

import threading

import pytest
from django.db import transaction

from accounts.actors import actor_of_person
from accounts.domain import sign_in
from accounts.models import Identity, Person, User
from activities.domain import attendance
from activities.models import AttendanceEvidence, Registration
from common import ratelimit
from evaluations.domain import questionnaires, responses
from evaluations.models import Completion, Draft, Response
from tests.concurrency.test_claim_races import together
from tests.factories import PersonFactory, ProviderFactory, SessionFactory
from tests.integration.claim_cases import BY

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]


def test_simultaneous_check_ins_of_one_person_are_one_row():
    ProviderFactory()
    session, person = SessionFactory(), PersonFactory()
    by = actor_of_person(person)
    results = together(
        *[lambda: attendance.check_in(session_id=session.pk, person_id=person.pk, method="code", by=by)] * 4
    )
    assert {r.evidence.pk for r in results} == {AttendanceEvidence.objects.get().pk}
    assert (Registration.objects.count(), Identity.objects.filter(kind="email").count()) == (1, 1)


def test_simultaneous_first_visits_make_one_account():
    ProviderFactory()

    def act():
        return sign_in.create_account(
            email="new@example.org", given_name="Ines", family_name="Alvarez", degrees="MD", profession="physician"
        )

    results = together(act, act, act)
    assert {r.pk for r in results} == {User.objects.get().pk}
    assert Person.objects.filter(family_name="Alvarez").count() == 1


def test_simultaneous_codes_spend_one_code():
    ProviderFactory()
    key = sign_in.request_code(email="a@example.org")
    from tests.integration.sign_in_cases import code_sent_to

    code = code_sent_to("a@example.org")
    results = together(*[lambda: sign_in.confirm_code(key=key, typed=code)] * 4)
    assert [r == "a@example.org" for r in results].count(True) == 1


def test_simultaneous_tries_are_all_counted():
    import datetime as dt

    results = together(*[lambda: ratelimit.hit("test", "x", limit=3, per=dt.timedelta(minutes=1))] * 6)
    assert results.count(True) == 3
    assert ratelimit.used("test", "x") == 6


@pytest.fixture
def sheet():
    ProviderFactory()
    session = SessionFactory()
    with transaction.atomic():
        return questionnaires.create_for(session.activity, by=BY)


def answers_for(sheet):
    return {q.pk: {"yes": True, "text": ""} if q.kind == "bias" else "5" for q in sheet.questions.all() if q.required}


def test_an_evaluation_sent_twice_at_once_is_one_sheet(sheet):
    person = PersonFactory()
    together(
        *[
            lambda: responses.submit(
                questionnaire_id=sheet.pk, person_id=person.pk, answers=answers_for(sheet), remind=False
            )
        ]
        * 3
    )
    assert (Completion.objects.count(), Response.objects.count()) == (1, 1)


def test_a_draft_saved_while_the_sheet_is_sent_does_not_stay(sheet, monkeypatch):
    """The autosave waits for the lock and then sees that it is too late; without the lock it would keep answers with a name."""
    person, sending, go_on = PersonFactory(), threading.Event(), threading.Event()
    create = Response.objects.create

    def slowly(**values):
        sending.set()
        go_on.wait(2)
        return create(**values)

    monkeypatch.setattr(Response.objects, "create", slowly)

    def save():
        sending.wait(5)
        threading.Timer(0.5, go_on.set).start()
        responses.save_draft(questionnaire_id=sheet.pk, person_id=person.pk, answers={"q1": "typed"})

    together(
        lambda: responses.submit(
            questionnaire_id=sheet.pk, person_id=person.pk, answers=answers_for(sheet), remind=False
        ),
        save,
    )
    assert (Completion.objects.count(), Draft.objects.count()) == (1, 0)
