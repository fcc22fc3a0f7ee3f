"""Who may answer: a person with evidence of attendance, or a live place, in a public activity."""

from django.http import Http404

from activities import access as activity_access
from activities.domain import attendance
from activities.models import Activity
from common.actors import Actor
from common.errors import NotAllowed
from evaluations.domain import questionnaires
from evaluations.models import Questionnaire


def questionnaire(actor: Actor, number: str) -> tuple[Activity, Questionnaire]:
    """The activity and the questions this person may answer now. Raises NotAllowed without attendance."""
    activity = activity_access.public(number)
    sheet = questionnaires.current(activity)
    if sheet is None or actor.person_id is None:
        raise Http404
    if not attendance.took_part(actor.person_id, activity):
        raise NotAllowed(
            "The evaluation opens for people who took part. Check in first, or ask the coordinator to mark you present."
        )
    return activity, sheet
