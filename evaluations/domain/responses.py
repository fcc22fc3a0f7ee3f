"""Answers: drafts belong to a person until sent; sent answers belong to nobody (decision 19)."""

import datetime as dt
import random
import uuid
from typing import Any

from django.db import transaction

from accounts.models import Person
from common import clock, rulesets
from common.errors import Conflict, Invalid
from evaluations.enums import QuestionKind
from evaluations.models import Answer, Commitment, Completion, Draft, Question, Questionnaire, Response

MAX_COMMITMENTS = 3


def is_done(person_id: int, activity_id: int) -> bool:
    """Whether the person sent any version of the activity's questions."""
    return Completion.objects.filter(person_id=person_id, questionnaire__activity_id=activity_id).exists()


def done_at(person_id: int, activity_id: int) -> dt.datetime | None:
    """When the person first sent the activity's questions, in any version."""
    rows = Completion.objects.filter(person_id=person_id, questionnaire__activity_id=activity_id).order_by("at")
    return rows.values_list("at", flat=True).first()


def save_draft(*, questionnaire_id: int, person_id: int, answers: dict[str, Any]) -> None:
    """Keep what was typed so far; the last save wins. Saved while the sheet is being sent, it must not stay behind."""
    with transaction.atomic(durable=True):
        Person.objects.select_for_update(of=("self",), no_key=True).get(pk=person_id)
        if Completion.objects.filter(questionnaire_id=questionnaire_id, person_id=person_id).exists():
            return
        Draft.objects.update_or_create(
            questionnaire_id=questionnaire_id,
            person_id=person_id,
            session=None,
            defaults={"answers": answers, "saved_at": clock.now()},
        )


def submit(*, questionnaire_id: int, person_id: int, answers: dict[int, Any], remind: bool) -> None:
    """Store one anonymous sheet and, apart from it, that this person is done.

    Sent twice, the second is ignored: the first has left the person already. `answers` maps question ids to a
    number, True/False, a list of chosen changes or a text. Raises Invalid naming unanswered questions,
    Conflict for an unknown version.
    """
    sheet = Questionnaire.objects.filter(pk=questionnaire_id).first()
    if sheet is None:
        raise Conflict("These questions were replaced. Open the evaluation again.")
    questions = list(sheet.questions.all())
    missing = {f"q{q.pk}": _unanswered(q) for q in questions if q.required and answers.get(q.pk) in (None, "", [])}
    if missing:
        raise Invalid(fields=missing)
    with transaction.atomic(durable=True):
        Person.objects.select_for_update(of=("self",), no_key=True).get(pk=person_id)
        if Completion.objects.filter(questionnaire=sheet, person_id=person_id).exists():
            return
        now = clock.now()
        day = now.date()
        Completion.objects.create(questionnaire=sheet, person_id=person_id, at=now)
        given = [q for q in questions if answers.get(q.pk) not in (None, "", [])]
        # Chosen changes get a sheet of their own: a reminder keeps the same words with the person (decision 19), and
        # an unusual choice would lead from there to everything else on the sheet.
        for own_sheet in (False, True):
            part = [q for q in given if (q.kind == QuestionKind.COMMITMENT) == own_sheet]
            if part:
                response = Response.objects.create(questionnaire=sheet, on=day)
                random.shuffle(part)
                Answer.objects.bulk_create([_answer(response, q, answers[q.pk]) for q in part])
        Draft.objects.filter(questionnaire=sheet, person_id=person_id).delete()
        if remind:
            _remember(person_id, sheet.activity_id, questions, answers, day)


def shuffle_day(day: dt.date) -> int:
    """Rewrite a day's sheets with new ids in random order, so that neither row order nor transaction ids tell who wrote when."""
    with transaction.atomic(durable=True):
        old = list(Response.objects.select_for_update().filter(on=day))
        random.shuffle(old)
        for sheet in old:
            answers = list(sheet.answers.all())
            new = Response.objects.create(
                id=uuid.uuid4(), questionnaire_id=sheet.questionnaire_id, session_id=sheet.session_id, on=sheet.on
            )
            Answer.objects.filter(response=sheet).delete()
            random.shuffle(answers)
            for answer in answers:
                answer.pk, answer.response = uuid.uuid4(), new
            Answer.objects.bulk_create(answers)
            sheet.delete()
        return len(old)


def draft_of(questionnaire: Questionnaire, person_id: int) -> dict[str, Any]:
    row = Draft.objects.filter(questionnaire=questionnaire, person_id=person_id).first()
    return row.answers if row else {}


def _unanswered(question: Question) -> str:
    if question.kind == QuestionKind.BIAS:
        return "Answer yes or no: was it free of commercial bias?"
    return f"Choose a number from 1 to 5 for “{question.text}”."


def _answer(response: Response, question: Question, value: Any) -> Answer:
    row = Answer(response=response, question=question)
    if question.kind in {QuestionKind.OBJECTIVE, QuestionKind.SCALE}:
        row.number = int(value)
    elif question.kind == QuestionKind.BIAS:
        row.yes, row.text = bool(value["yes"]), str(value.get("text", ""))
    elif question.kind == QuestionKind.COMMITMENT:
        row.text = "\n".join(value)
    else:
        row.text = str(value)
    return row


def _remember(
    person_id: int, activity_id: int, questions: list[Question], answers: dict[int, Any], day: dt.date
) -> None:
    remind_on = day + dt.timedelta(days=rulesets.value_on("commitment.reminder_days", day))
    chosen = [text for q in questions if q.kind == QuestionKind.COMMITMENT for text in answers.get(q.pk) or []]
    Commitment.objects.bulk_create(
        [
            Commitment(person_id=person_id, activity_id=activity_id, text=text[:300], made_on=day, remind_on=remind_on)
            for text in chosen[:MAX_COMMITMENTS]
        ]
    )
