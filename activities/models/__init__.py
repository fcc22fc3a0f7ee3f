"""Tables of the activities app."""

from activities.models.activity import Activity, ActivityGap, ActivityNumber, Objective, SeriesPlan
from activities.models.attendance import AttendanceEvidence, DisclosureDelivery
from activities.models.gap import GapEvidence, Need, PracticeGap
from activities.models.people import ActivityRole
from activities.models.registration import Registration
from activities.models.review import ChangeRequest, Decision, Submission
from activities.models.session import Session

__all__ = [
    "Activity",
    "ActivityGap",
    "ActivityNumber",
    "ActivityRole",
    "AttendanceEvidence",
    "ChangeRequest",
    "Decision",
    "DisclosureDelivery",
    "GapEvidence",
    "Need",
    "Objective",
    "PracticeGap",
    "Registration",
    "SeriesPlan",
    "Session",
    "Submission",
]
