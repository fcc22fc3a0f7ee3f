"""Published questions of an activity: made from its objectives, never changed, only followed by a new version."""

from activities.models import Activity, Objective
from common import clock, locks
from common.actors import Actor
from evaluations.enums import QuestionKind, Scope
from evaluations.models import Question, Questionnaire


def create_for(activity: Activity, *, by: Actor) -> Questionnaire:
    """Publish the next version for an activity; assert an open transaction.

    Each objective is asked (EVAL-1), then the changes predefined from the objectives (EVAL-2), freedom from
    commercial bias (EVAL-4), and one open question (EVAL-6).
    """
    locks.require_transaction()
    latest = Questionnaire.objects.filter(activity=activity).order_by("-version").first()
    sheet = Questionnaire.objects.create(
        activity=activity, version=latest.version + 1 if latest else 1, scope=Scope.ACTIVITY, published_at=clock.now()
    )
    objectives = list(Objective.objects.filter(activity=activity, removed_at=None))
    questions = [
        Question(kind=QuestionKind.OBJECTIVE, text=o.text, hint="I can do this now", objective_id=o.pk, rule="EVAL-1")
        for o in objectives
    ]
    changes = [o.commitment for o in objectives if o.commitment]
    if changes:
        questions.append(
            Question(
                kind=QuestionKind.COMMITMENT, text="What will you do differently?", hint="Choose up to three. “Nothing new” is an answer too.",
                choices=changes, required=False, rule="EVAL-2",
            )
        )  # fmt: skip
    questions.append(
        Question(
            kind=QuestionKind.BIAS,
            text="Was it free of commercial bias?",
            hint="If not, say what you noticed. The CME office reads it.",
            rule="EVAL-4",
        )
    )
    questions.append(
        Question(kind=QuestionKind.TEXT, text="What should we teach next, or do better?", required=False, rule="EVAL-6")
    )
    for position, question in enumerate(questions, start=1):
        question.questionnaire, question.position = sheet, position
    Question.objects.bulk_create(questions)
    return sheet


def current(activity: Activity) -> Questionnaire | None:
    """The version that learners answer now."""
    return Questionnaire.objects.filter(activity=activity).order_by("-version").first()
