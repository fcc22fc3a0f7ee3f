"""Evaluations: answered once, kept apart from who answered (law 10, decision 19)."""

import datetime as dt
import json

import pytest
from django.db import connection, transaction
from django.urls import reverse

from common.models import AuditEvent, Job, TransitionLog
from evaluations.domain import questionnaires, responses
from evaluations.enums import QuestionKind
from evaluations.models import Answer, Commitment, Completion, Draft, Response
from evaluations.tasks import shuffle_answers
from tests.factories import (
    ActivityFactory,
    ObjectiveFactory,
    PersonFactory,
    ProviderFactory,
    SessionFactory,
    UserFactory,
)
from tests.integration.claim_cases import BY, attend

pytestmark = pytest.mark.django_db


@pytest.fixture
def sheet():
    ProviderFactory()
    activity = ActivityFactory(published=True)
    for n in range(2):
        ObjectiveFactory(activity=activity, commitment=f"Change {n}")
    SessionFactory(activity=activity)
    with transaction.atomic():
        return questionnaires.create_for(activity, by=BY)


@pytest.fixture
def learner(sheet, client):
    user = UserFactory()
    attend(user.person, sheet.activity.sessions.get())
    client.force_login(user)
    return user


def url(sheet):
    return reverse("evaluations:evaluation_answer", args=[sheet.activity.number])


def of_kind(sheet, kind):
    return list(sheet.questions.filter(kind=kind))


def typed(sheet, *, number="4", changes=(), words="", remind=False):
    """The form as a browser sends it."""
    data: dict[str, object] = {f"q{q.pk}": number for q in of_kind(sheet, QuestionKind.OBJECTIVE)}
    data |= {f"q{q.pk}": "yes" for q in of_kind(sheet, QuestionKind.BIAS)}
    data |= {f"q{q.pk}": list(changes) for q in of_kind(sheet, QuestionKind.COMMITMENT)}
    data |= {f"q{q.pk}": words for q in of_kind(sheet, QuestionKind.TEXT)}
    return data | ({"remind": "on"} if remind else {})


def test_answers_are_stored_and_the_next_page_is_the_credit(sheet, learner, client):
    response = client.post(url(sheet), typed(sheet, changes=["Change 0"], words="More cases"))
    assert response.url == reverse("credits:claim", args=[sheet.activity.number])
    assert Completion.objects.get().person == learner.person
    stored = Answer.objects.values_list("question__kind", "number", "yes", "text")
    assert sorted(stored, key=str) == [
        ("bias", None, True, ""), ("commitment", None, None, "Change 0"), ("objective", 4, None, ""), ("objective", 4, None, ""), ("text", None, None, "More cases"),
    ]  # fmt: skip


def test_answered_once_it_goes_on_to_the_credit(sheet, learner, client):
    client.post(url(sheet), typed(sheet))
    before = Response.objects.count()
    assert client.get(url(sheet)).url == reverse("credits:claim", args=[sheet.activity.number])
    assert client.post(url(sheet), typed(sheet, number="1")).url == reverse(
        "credits:claim", args=[sheet.activity.number]
    )
    assert (Response.objects.count(), Completion.objects.count()) == (before, 1)
    assert set(Answer.objects.exclude(number=None).values_list("number", flat=True)) == {4}


def test_what_is_missing_is_named_and_what_was_typed_stays(sheet, learner, client):
    first, _second = of_kind(sheet, QuestionKind.OBJECTIVE)
    data = typed(sheet, words="Typed already")
    del data[f"q{first.pk}"]
    response = client.post(url(sheet), data)
    assert response.status_code == 200
    assert list(response.context["form"].errors) == [f"q{first.pk}"]
    assert "Typed already" in response.content.decode()
    assert (Completion.objects.count(), Response.objects.count(), Answer.objects.count()) == (0, 0, 0)


def test_the_domain_names_what_is_missing_too(sheet):
    from common.errors import Invalid

    person = PersonFactory()
    with pytest.raises(Invalid) as caught:
        responses.submit(questionnaire_id=sheet.pk, person_id=person.pk, answers={}, remind=False)
    assert sorted(caught.value.fields) == sorted(f"q{q.pk}" for q in sheet.questions.filter(required=True))
    assert Completion.objects.count() == 0


def test_a_draft_is_kept_and_erased_on_sending(sheet, learner, client):
    question = of_kind(sheet, QuestionKind.TEXT)[0]
    client.post(url(sheet), {"save": "1", f"q{question.pk}": "Half a thou"})
    assert Draft.objects.get().person == learner.person
    assert "Half a thou" in client.get(url(sheet)).content.decode()
    client.post(url(sheet), typed(sheet))
    assert Draft.objects.count() == 0
    client.post(url(sheet), {"save": "1", f"q{question.pk}": "A late autosave"})
    assert Draft.objects.count() == 0


def test_without_attendance_nobody_answers(sheet, client):
    client.force_login(UserFactory())
    assert client.get(url(sheet)).status_code == 403
    assert client.post(url(sheet), typed(sheet)).status_code == 403
    assert Completion.objects.count() == 0


def test_a_value_that_was_not_offered_is_refused(sheet, learner, client):
    response = client.post(url(sheet), typed(sheet, number="9", changes=["Never offered"]))
    assert response.status_code == 200
    assert Response.objects.count() == 0


# --- nobody can be found


def columns_of(table: str) -> dict[str, set[str]]:
    """Every value of every column of a table, as text, with the hidden ones that PostgreSQL keeps."""
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT *, xmin::text AS "xmin", cmin::text AS "cmin" FROM {table}')
        names = [c.name for c in cursor.description]
        rows = cursor.fetchall()
    return {name: {str(row[i]) for row in rows} for i, name in enumerate(names)}


def in_file_order(table: str, column: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {table} ORDER BY ctid")
        return [str(row[0]) for row in cursor.fetchall()]


@pytest.fixture
def crowd(sheet, django_db_blocker):
    """Seven people, each with an answer of their own, in a known order."""
    people = PersonFactory.create_batch(7)
    for n, person in enumerate(people):
        answers = {q.pk: str(n % 5 + 1) for q in of_kind(sheet, QuestionKind.OBJECTIVE)}
        answers |= {q.pk: {"yes": True, "text": ""} for q in of_kind(sheet, QuestionKind.BIAS)}
        answers |= {q.pk: ["Change 0"] if n % 2 else ["Change 1"] for q in of_kind(sheet, QuestionKind.COMMITMENT)}
        answers |= {q.pk: f"words of {n}" for q in of_kind(sheet, QuestionKind.TEXT)}
        responses.submit(questionnaire_id=sheet.pk, person_id=person.pk, answers=answers, remind=True)
    return people


PERSONAL = {
    "person",
    "person_id",
    "user",
    "user_id",
    "actor_id",
    "identity_id",
    "created_by",
    "by",
    "request",
    "session_key",
    "ip",
}


def test_no_column_of_an_answer_names_a_person_or_a_moment(crowd):
    for model in (Response, Answer):
        assert {f.attname for f in model._meta.local_fields} & PERSONAL == set()
        kinds = {type(f).__name__ for f in model._meta.local_fields}
        assert "DateTimeField" not in kinds
        # a counting key tells who came first; a random one does not
        assert type(model._meta.pk).__name__ == "UUIDField"


def test_no_column_joins_an_answer_to_who_was_there(crowd, sheet):
    """Values that a row of answers shares with the row that says who is done: only what everybody of the day shares."""
    persons = {str(p.pk) for p in crowd}
    done = columns_of("evaluations_completion")
    for table in ("evaluations_response", "evaluations_answer"):
        for name, values in columns_of(table).items():
            if name in {"xmin", "cmin", "question_id", "number", "questionnaire_id"}:
                continue
            assert not values & done["id"], (table, name)
            assert not (values & persons), (table, name)


def test_sending_leaves_no_trail_elsewhere(crowd):
    """No audit row, no job, no log of a transition points at a sheet."""
    ids = {str(pk) for pk in Response.objects.values_list("pk", flat=True)}
    trail = json.dumps(
        [
            *AuditEvent.objects.values("subject_id", "new"),
            *Job.objects.values("args"),
            *TransitionLog.objects.values("subject_id"),
        ],
        default=str,
    )
    assert [pk for pk in ids if pk in trail] == []


def test_a_reminded_change_leads_to_no_other_answer(crowd, sheet):
    """A reminder keeps the chosen words with the person: those words stand on a sheet with nothing else on it."""
    for text in set(Commitment.objects.values_list("text", flat=True)):
        for answer in Answer.objects.filter(question__kind=QuestionKind.COMMITMENT, text=text):
            assert answer.response.answers.count() == 1


@pytest.mark.django_db(transaction=True)
def test_after_the_nightly_shuffle_neither_order_nor_transaction_tells(crowd, sheet):
    """Each sheet was written by the transaction that wrote "done"; rewritten at night, all of a day share one."""
    done = columns_of("evaluations_completion")["xmin"]
    assert columns_of("evaluations_response")["xmin"] & done, (
        "Sent in one transaction: that is what the night must undo."
    )
    before = {name: in_file_order("evaluations_answer", name) for name in ("id", "text")}
    texts = sorted(Answer.objects.values_list("text", flat=True))

    shuffle_answers()

    for table in ("evaluations_response", "evaluations_answer"):
        after = columns_of(table)
        assert len(after["xmin"]) == 1, table
        assert not after["xmin"] & done, table
    assert not set(in_file_order("evaluations_answer", "id")) & set(before["id"])
    assert sorted(Answer.objects.values_list("text", flat=True)) == texts  # nothing lost, nothing changed


@pytest.mark.django_db(transaction=True)
def test_the_shuffle_changes_the_order_of_sheets(crowd, sheet):
    """Seven sheets, three nights: the odds of the same order each time are 5040 to the third to one."""

    def words():
        return [t for t in in_file_order("evaluations_answer", "text") if t.startswith("words")]

    seen = {tuple(words())}
    for _ in range(3):
        shuffle_answers()
        seen.add(tuple(words()))
    assert len(seen) > 1


def test_the_shuffle_leaves_other_days_alone(crowd):
    kept = Response.objects.first()
    Response.objects.filter(pk=kept.pk).update(on=kept.on - dt.timedelta(days=9))
    shuffle_answers()
    assert Response.objects.filter(pk=kept.pk).exists()


def test_an_empty_night_is_quiet():
    shuffle_answers()
    assert Response.objects.count() == 0
