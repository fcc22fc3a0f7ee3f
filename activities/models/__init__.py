"""Tables of the activities app."""

from activities.models.activity import Activity, ActivityGap, ActivityNumber, Objective, SeriesPlan
from activities.models.agreed import AgreedPlan
from activities.models.attendance import AttendanceEvidence, DisclosureDelivery, SelfStatement, WalkIn
from activities.models.gap import GapEvidence, Need, PracticeGap
from activities.models.handout import Handout
from activities.models.imports import ImportBatch, ImportRow
from activities.models.joint import JointProvider
from activities.models.kiosk import Kiosk, KioskEntry
from activities.models.people import ActivityRole
from activities.models.registration import Registration
from activities.models.review import ChangeRequest, Decision, Submission
from activities.models.session import Session
from activities.models.signals import CheckInDevice, CheckInReview
from activities.models.texts import TextMessage, TextReply

__all__ = [
    "Activity",
    "ActivityGap",
    "ActivityNumber",
    "ActivityRole",
    "AgreedPlan",
    "AttendanceEvidence",
    "ChangeRequest",
    "CheckInDevice",
    "CheckInReview",
    "Decision",
    "DisclosureDelivery",
    "GapEvidence",
    "Handout",
    "ImportBatch",
    "ImportRow",
    "JointProvider",
    "Kiosk",
    "KioskEntry",
    "Need",
    "Objective",
    "PracticeGap",
    "Registration",
    "SelfStatement",
    "SeriesPlan",
    "Session",
    "Submission",
    "TextMessage",
    "TextReply",
    "WalkIn",
]
