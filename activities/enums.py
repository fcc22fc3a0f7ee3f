"""Choices and named sets of the activities app. Codes and words: rules.md 4.4, 9, 10; decisions 2, 6."""

from django.db import models


class ActivityStatus(models.TextChoices):
    DRAFT = "draft", "Draft"
    SUBMITTED = "submitted", "Submitted"
    IN_REVIEW = "in_review", "In review"
    RETURNED = "returned", "Returned"
    APPROVED = "approved", "Approved"
    DESIGNATED = "designated", "Designated"
    PUBLISHED = "published", "Open"
    ENDED = "ended", "Ended"
    CLOSING = "closing", "Closing"
    CLOSED = "closed", "Closed"
    ARCHIVED = "archived", "Archived"
    REJECTED = "rejected", "Rejected"
    WITHDRAWN = "withdrawn", "Withdrawn"
    CANCELLED = "cancelled", "Cancelled"


EDITABLE = frozenset({ActivityStatus.DRAFT, ActivityStatus.RETURNED})
WITH_OFFICE = frozenset({ActivityStatus.SUBMITTED, ActivityStatus.IN_REVIEW})
PUBLIC = frozenset({ActivityStatus.PUBLISHED, ActivityStatus.ENDED, ActivityStatus.CLOSING, ActivityStatus.CLOSED})
CLAIMABLE = frozenset({ActivityStatus.PUBLISHED, ActivityStatus.ENDED, ActivityStatus.CLOSING})


class ActivityKind(models.TextChoices):
    """Activity types as PARS knows them (rules.md 4.4)."""

    COURSE = "C", "Course"
    SERIES = "RSS", "Regularly scheduled series"
    ENDURING = "EM", "Enduring material"
    JOURNAL = "JN", "Journal-based activity"
    IMPROVEMENT = "PI", "Performance improvement"
    REVIEW = "MR", "Manuscript review"
    TEST_ITEMS = "TIW", "Test-item writing"
    POINT_OF_CARE = "ISL", "Internet point of care"
    COMMITTEE = "CML", "Committee learning"
    FROM_TEACHING = "LFT", "Learning from teaching"
    OTHER = "OTH", "Other or blended"


# Learners come together at a time; every other kind each takes when they like.
LIVE = frozenset({ActivityKind.COURSE, ActivityKind.SERIES})
ANY_TIME = frozenset(ActivityKind) - LIVE
# Credit is set by the format, not by minutes (AMA-FMT-4 to AMA-FMT-7).
BY_WORK = frozenset(
    {ActivityKind.IMPROVEMENT, ActivityKind.REVIEW, ActivityKind.TEST_ITEMS, ActivityKind.POINT_OF_CARE}
)
# An assessment with a mark that is told beforehand decides (AMA-FMT-2, AMA-FMT-3).
BY_ASSESSMENT = frozenset({ActivityKind.ENDURING, ActivityKind.JOURNAL})


class LearningFormat(models.TextChoices):
    """[learning format] of the designation statement (AMA-DES-2); "other activity" adds a short description."""

    LIVE = "live activity", "Live activity"
    ENDURING = "enduring material", "Enduring material"
    JOURNAL = "journal-based CME activity", "Journal-based CME activity"
    TEST_ITEMS = "test-item writing activity", "Test-item writing activity"
    REVIEW = "manuscript review activity", "Manuscript review activity"
    IMPROVEMENT = "PI CME activity", "PI CME activity"
    POINT_OF_CARE = "internet point-of-care activity", "Internet point-of-care activity"
    OTHER = "other activity", "Other activity"


FORMAT_OF = {
    ActivityKind.COURSE: LearningFormat.LIVE, ActivityKind.SERIES: LearningFormat.LIVE, ActivityKind.ENDURING: LearningFormat.ENDURING,
    ActivityKind.JOURNAL: LearningFormat.JOURNAL, ActivityKind.TEST_ITEMS: LearningFormat.TEST_ITEMS, ActivityKind.REVIEW: LearningFormat.REVIEW,
    ActivityKind.IMPROVEMENT: LearningFormat.IMPROVEMENT, ActivityKind.POINT_OF_CARE: LearningFormat.POINT_OF_CARE,
}  # fmt: skip
# CME-TYPE OTH, AMA-FMT-8: called what it is, in the statement, on certificates and on transcripts.
OTHER_FORMATS = {
    ActivityKind.COMMITTEE: "committee learning", ActivityKind.FROM_TEACHING: "learning from teaching", ActivityKind.OTHER: "blended learning",
}  # fmt: skip


class Delivery(models.TextChoices):
    IN_PERSON = "in_person", "In person"
    STREAMED = "streamed", "Live-streamed"
    BOTH = "both", "In person and live-streamed"
    ONLINE = "online", "Online"


class SessionStatus(models.TextChoices):
    PLANNED = "planned", "Planned"
    READY = "ready", "Ready"
    HELD = "held", "Held"
    CANCELLED = "cancelled", "Cancelled"


class CheckInBy(models.TextChoices):
    """Which code of a session counts."""

    SAME = "same", "One code, on the screen and on paper"
    CHANGING = "changing", "A code that changes every 30 seconds, on the screen only"


class SlotKind(models.TextChoices):
    """What happens in a slot of the agenda; only education counts (AMA-CALC-3)."""

    EDUCATION = "education", "Education"
    WELCOME = "welcome", "Welcome"
    BREAK = "break", "Break"
    MEAL = "meal", "Meal"
    OTHER = "other", "Not for credit"


class RegistrationStatus(models.TextChoices):
    REGISTERED = "registered", "Registered"
    WAITING = "waiting", "Waiting list"
    OFFERED = "offered", "Place offered"
    CANCELLED = "cancelled", "Cancelled"


SEAT_TAKING = frozenset({RegistrationStatus.REGISTERED, RegistrationStatus.OFFERED})


class RoleKind(models.TextChoices):
    """A person's part in an activity or session (SII-3.0)."""

    DIRECTOR = "director", "Activity director"
    CO_DIRECTOR = "co_director", "Co-director"
    PLANNER = "planner", "Planner"
    NURSE_PLANNER = "nurse_planner", "Nurse planner"
    PHARMACIST_PLANNER = "pharmacist_planner", "Pharmacist planner"
    COORDINATOR = "coordinator", "Coordinator"
    SPEAKER = "speaker", "Speaker"
    MODERATOR = "moderator", "Moderator"
    PANELIST = "panelist", "Panelist"
    AUTHOR = "author", "Author"
    REVIEWER = "reviewer", "Content reviewer"


PLANNER_ROLES = frozenset(
    {
        RoleKind.DIRECTOR,
        RoleKind.CO_DIRECTOR,
        RoleKind.PLANNER,
        RoleKind.NURSE_PLANNER,
        RoleKind.PHARMACIST_PLANNER,
        RoleKind.COORDINATOR,
    }
)
FACULTY_ROLES = frozenset({RoleKind.SPEAKER, RoleKind.MODERATOR, RoleKind.PANELIST, RoleKind.AUTHOR, RoleKind.REVIEWER})
# A coordinator who only arranges rooms does not control content; the planner says so by unticking (SII-3.0).
CONTROLS_CONTENT = frozenset(RoleKind) - {RoleKind.COORDINATOR}
EDITING_ROLES = frozenset({RoleKind.DIRECTOR, RoleKind.CO_DIRECTOR, RoleKind.PLANNER, RoleKind.NURSE_PLANNER, RoleKind.PHARMACIST_PLANNER, RoleKind.COORDINATOR})  # fmt: skip


class NeedKind(models.TextChoices):
    """VOC-NEED."""

    KNOWLEDGE = "knowledge", "Knowledge"
    COMPETENCE = "competence", "Competence"
    PERFORMANCE = "performance", "Performance"


class ResultKind(models.TextChoices):
    """VOC-RESULT; knowledge alone is not enough (CORE-5)."""

    COMPETENCE = "competence", "Competence"
    PERFORMANCE = "performance", "Performance"
    OUTCOMES = "outcomes", "Patient outcomes"


class SourceKind(models.TextChoices):
    """VOC-SOURCE."""

    FACULTY = "faculty", "Expert faculty or planning committee"
    EVALUATIONS = "evaluations", "Evaluations of earlier activities"
    LITERATURE = "literature", "Peer-reviewed literature"
    GUIDELINE = "guideline", "Clinical guideline"
    AUDIT = "audit", "Medical record audit or chart review"
    QI = "qi", "QI, peer review or M&M data"
    REGISTRY = "registry", "Quality data of a hospital or registry"
    STANDARDS = "standards", "Joint Commission standards or core measures"
    PUBLIC_HEALTH = "public_health", "Public health body (NIH, CDC, AHRQ)"
    HEALTHY_PEOPLE = "healthy_people", "Healthy People objectives"
    BOARD = "board", "Board exam or recertification requirement"
    TECHNOLOGY = "technology", "New technology or procedure"
    REGULATION = "regulation", "Regulatory or licensure mandate"
    INCIDENTS = "incidents", "Patient safety or incident reports"
    SURVEY = "survey", "Learner survey or focus group"
    COMMUNITY = "community", "Patient or community input"
    OTHER = "other", "Other"


class Method(models.TextChoices):
    """VOC-FORMAT."""

    LECTURE = "lecture", "Lecture"
    PANEL = "panel", "Panel"
    CASES = "cases", "Case discussion"
    QA = "qa", "Question and answer"
    WORKSHOP = "workshop", "Small group or workshop"
    SIMULATION = "simulation", "Simulation or skills lab"
    ROLE_PLAY = "role_play", "Role play"
    AUDIENCE_RESPONSE = "audience_response", "Audience response"
    JOURNAL_CLUB = "journal_club", "Journal club"
    CONFERENCE = "conference", "Tumor board or case conference"
    WEBINAR = "webinar", "Webinar"
    MODULE = "module", "Online module"
    DEMONSTRATION = "demonstration", "Demonstration"
    COACHING = "coaching", "Peer coaching"
    OTHER = "other", "Other"


class Competency(models.TextChoices):
    """VOC-ABMS, VOC-IOM, VOC-IPEC."""

    ABMS_PATIENT_CARE = "abms_patient_care", "Patient care and procedural skills"
    ABMS_KNOWLEDGE = "abms_knowledge", "Medical knowledge"
    ABMS_PRACTICE = "abms_practice", "Practice-based learning and improvement"
    ABMS_COMMUNICATION = "abms_communication", "Interpersonal and communication skills"
    ABMS_PROFESSIONALISM = "abms_professionalism", "Professionalism"
    ABMS_SYSTEMS = "abms_systems", "Systems-based practice"
    IOM_PATIENT_CENTERED = "iom_patient_centered", "Provide patient-centered care"
    IOM_TEAMS = "iom_teams", "Work in interdisciplinary teams"
    IOM_EVIDENCE = "iom_evidence", "Employ evidence-based practice"
    IOM_QI = "iom_qi", "Apply quality improvement"
    IOM_INFORMATICS = "iom_informatics", "Utilize informatics"
    IPEC_VALUES = "ipec_values", "Values and ethics"
    IPEC_ROLES = "ipec_roles", "Roles and responsibilities"
    IPEC_COMMUNICATION = "ipec_communication", "Interprofessional communication"
    IPEC_TEAMS = "ipec_teams", "Teams and teamwork"


class EvaluationTool(models.TextChoices):
    SURVEY = "survey", "Evaluation form after the activity"
    COMMITMENT = "commitment", "Commitment to change"
    TEST = "test", "Test before and after"
    OBSERVATION = "observation", "Observed skill with feedback"
    FOLLOW_UP = "follow_up", "Follow-up survey"
    AUDIT = "audit", "Chart audit or practice data"


class MooreLevel(models.TextChoices):
    """VOC-MOORE."""

    SATISFACTION = "2", "Satisfaction"
    KNOWLEDGE = "3", "Knowledge"
    COMPETENCE = "4", "Competence"
    PERFORMANCE = "5", "Performance"
    PATIENT = "6", "Patient health"
    COMMUNITY = "7", "Community health"


class EvidenceMethod(models.TextChoices):
    """How attendance is known (glossary: attendance evidence)."""

    CODE = "code", "Session code"
    QR = "qr", "QR code"
    ROSTER = "roster", "Roster"
    STAFF = "staff", "Marked present"
    SELF = "self", "Self-attested"
    WEBINAR = "webinar", "Webinar report"
    TEXT = "text", "Text message"
    KIOSK = "kiosk", "Tablet at the door"


class CheckInWay(models.TextChoices):
    """Ways of getting on record that the office allows an activity, or not."""

    CODE = "code", "Code or QR code on the screen"
    TEXT = "text", "Text message"
    TABLET = "tablet", "Tablet at the door"
    DOOR = "door", "Names at the door"
    SELF = "self", "The learner’s own statement"


class LookedAt(models.TextChoices):
    """What somebody of the office found among check-ins that stood out."""

    NOTHING = "nothing", "Looked at: nothing to do"
    ASKED = "asked", "Asked the people"


class EntryKind(models.TextChoices):
    """What somebody gave a tablet at the door."""

    BADGE = "badge", "Badge"
    PERSON = "person", "Name on the list"
    GUEST = "guest", "Name and e-mail"


class ImportSource(models.TextChoices):
    """Where a list of attendance comes from; reports of webinars are known by their headings."""

    ROSTER = "roster", "List or sign-in sheet"
    ZOOM_MEETING = "zoom_meeting", "Zoom meeting report"
    ZOOM_WEBINAR = "zoom_webinar", "Zoom webinar report"
    TEAMS = "teams", "Teams attendance report"
    WEBEX = "webex", "Webex report"
    HISTORY = "history", "Credit of a former system"


class ImportStatus(models.TextChoices):
    PARSED = "parsed", "Columns to check"
    READING = "reading", "Being read"
    PREVIEWED = "previewed", "To confirm"
    WRITING = "writing", "Being recorded"
    CONFIRMED = "confirmed", "On record"
    UNDOING = "undoing", "Being undone"
    UNDONE = "undone", "Undone"
    REFUSED = "refused", "Could not be read"
    DISCARDED = "discarded", "Thrown away"


# A job is at work on it.
IMPORT_UNDER_WAY = frozenset({ImportStatus.READING, ImportStatus.WRITING, ImportStatus.UNDOING})


class RowVerdict(models.TextChoices):
    """What becomes of one row of a list."""

    MATCHED = "matched", "Known person"
    NEW = "new", "Waits for its owner"
    SUGGESTED = "suggested", "Who is it?"
    PROBLEM = "problem", "Problem"
    DUPLICATE = "duplicate", "Adds nothing"
    IGNORED = "ignored", "Left out"


RECORDED_VERDICTS = frozenset({RowVerdict.MATCHED, RowVerdict.NEW})


class MatchedBy(models.TextChoices):
    EMAIL = "email", "E-mail"
    PHONE = "phone", "Phone"
    NPI = "npi", "NPI"
    LICENCE = "licence", "License"
    CHOSEN = "chosen", "Chosen by a person"


class ImportColumn(models.TextChoices):
    """What a column of a list says. Sessions as columns are `at:` and the session's id."""

    EMAIL = "email", "E-mail"
    NAME = "name", "Full name"
    GIVEN = "given", "Given name"
    FAMILY = "family", "Family name"
    PHONE = "phone", "Mobile phone"
    NPI = "npi", "NPI"
    LICENCE = "licence", "License number"
    STATE = "state", "State of the license"
    DATE = "date", "Date of the session"
    SESSION = "session", "Title or code of the session"
    MINUTES = "minutes", "Minutes there"
    HOURS = "hours", "Hours there"
    JOINED = "joined", "Joined, came in"
    LEFT = "left", "Left, went out"
    FIRST = "first", "Joined first"
    LAST = "last", "Left last"
    ATTENDED = "attended", "Was there: yes or no"
    WAITING = "waiting", "In the waiting room: yes or no"
    CREDENTIALS = "credentials", "Degree, profession"


class DecisionKind(models.TextChoices):
    APPROVE = "approve", "Approved"
    RETURN = "return", "Returned"
    REJECT = "reject", "Rejected"


class JointStanding(models.TextChoices):
    """Where an organisation that plans with us stands (CME-JP-1, ST-6)."""

    UNANSWERED = "unanswered", "Questions open"
    CLEAR = "clear", "Answered, no “yes”"
    TO_DECIDE = "to_decide", "The CME office decides"
    ELIGIBLE = "eligible", "Eligible"
    INELIGIBLE = "ineligible", "Ineligible company"
    ACCREDITED = "accredited", "Co-provider"


class VisibleFrom(models.TextChoices):
    """When learners see a handout."""

    REGISTRATION = "registration", "When they register"
    START = "start", "When it begins"
    END = "end", "When it is over"


class Section(models.TextChoices):
    """Sections of the application on pages, in order (rules.md 10.1: APP-1…8, 10–12, 16)."""

    BASICS = "basics", "Basics"
    PEOPLE = "people", "People"
    GAP = "gap", "Gap and needs"
    OBJECTIVES = "objectives", "Objectives"
    AGENDA = "agenda", "Agenda and credit"
    FORMAT = "format", "Format"
    EVALUATION = "evaluation", "Evaluation"
    SIGN = "sign", "Sign"


class AgreedHow(models.TextChoices):
    """How the office came to agree to a plan (WF-11)."""

    APPROVED = "approved", "Approved"
    PUBLISHED = "published", "Published"
    DESIGNATED = "designated", "Designated again"
    CONFIRMED = "confirmed", "Change confirmed"
    FOUND = "found", "As it was before its first change"


class ChangedPart(models.TextChoices):
    """What of an agreed plan goes back to the office when it changes (WF-11)."""

    AGENDA = "agenda", "Agenda and dates"
    PLACE = "place", "Place"
    OBJECTIVES = "objectives", "Objectives"
