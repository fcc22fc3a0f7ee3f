"""The transition tables (decision 2): code, database trigger, docs and tests all read these."""

from activities.enums import ActivityStatus as A
from activities.enums import ImportStatus as I
from activities.enums import RegistrationStatus as R
from activities.enums import SessionStatus as S
from common.workflow import Transition, Workflow

OFFICE = "activities.decide"

ACTIVITY = Workflow(
    "activity",
    A,
    (
        Transition("submit", {A.DRAFT}, A.SUBMITTED, perm="activities.edit_plan"),
        Transition("resubmit", {A.RETURNED}, A.SUBMITTED, perm="activities.edit_plan"),
        Transition(
            "withdraw", {A.DRAFT, A.SUBMITTED, A.IN_REVIEW, A.RETURNED}, A.WITHDRAWN, perm="activities.edit_plan"
        ),
        Transition("start_review", {A.SUBMITTED}, A.IN_REVIEW, perm=OFFICE),
        Transition("return", {A.SUBMITTED, A.IN_REVIEW}, A.RETURNED, perm=OFFICE),
        Transition("reject", {A.IN_REVIEW}, A.REJECTED, perm=OFFICE),
        Transition("approve", {A.IN_REVIEW}, A.APPROVED, perm=OFFICE),
        Transition("designate", {A.APPROVED}, A.DESIGNATED, perm=OFFICE),
        Transition("publish", {A.DESIGNATED}, A.PUBLISHED, perm=OFFICE),
        Transition("end", {A.PUBLISHED}, A.ENDED),
        Transition("begin_closing", {A.ENDED}, A.CLOSING, perm=OFFICE),
        Transition("close", {A.CLOSING}, A.CLOSED, perm=OFFICE),
        Transition("archive", {A.CLOSED}, A.ARCHIVED, perm=OFFICE),
        Transition("cancel", {A.APPROVED, A.DESIGNATED, A.PUBLISHED}, A.CANCELLED, perm=OFFICE),
    ),
)

SESSION = Workflow(
    "session",
    S,
    (
        Transition("make_ready", {S.PLANNED}, S.READY),
        Transition("unready", {S.READY}, S.PLANNED),
        Transition("hold", {S.READY, S.PLANNED}, S.HELD),
        Transition("cancel", {S.PLANNED, S.READY}, S.CANCELLED, perm="activities.edit_plan"),
    ),
)

REGISTRATION = Workflow(
    "registration",
    R,
    (
        Transition("offer", {R.WAITING}, R.OFFERED),
        Transition("accept", {R.OFFERED}, R.REGISTERED),
        Transition("lapse", {R.OFFERED}, R.WAITING),
        Transition("cancel", {R.REGISTERED, R.WAITING, R.OFFERED}, R.CANCELLED),
    ),
)

# Who may is asked where it is done: jobs take the steps that no person takes.
IMPORT = Workflow(
    "import",
    I,
    (
        Transition("read", {I.PARSED, I.PREVIEWED, I.REFUSED}, I.READING, perm="activities.edit_plan"),
        Transition("show", {I.READING}, I.PREVIEWED),
        Transition("refuse", {I.READING}, I.REFUSED),
        Transition("stop", {I.READING}, I.REFUSED, perm="activities.edit_plan"),
        Transition("confirm", {I.PREVIEWED}, I.WRITING, perm="activities.edit_plan"),
        Transition("finish", {I.WRITING}, I.CONFIRMED),
        Transition("undo", {I.CONFIRMED}, I.UNDOING, perm="activities.edit_plan"),
        Transition("finish_undo", {I.UNDOING}, I.UNDONE),
        Transition("discard", {I.PARSED, I.PREVIEWED, I.REFUSED}, I.DISCARDED, perm="activities.edit_plan"),
    ),
)
