"""The one map from a state to its word, tone and icon (look: words, then icons, then color).

Kinds known here are the workflows that planners, learners and staff all read. An app may register another kind at
import time; templates render a state with `{% status "activity" activity.status %}`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TONES = ("idle", "info", "warn", "bad", "ok")


@dataclass(frozen=True)
class Status:
    """How one state is shown: the word people read, its tone, its icon."""

    word: str
    tone: str
    icon: str

    def __post_init__(self) -> None:
        if self.tone not in TONES:
            raise ValueError(f"{self.tone!r} is not one of {TONES}")


_KINDS: dict[str, dict[str, Status]] = {}


def register(kind: str, mapping: Mapping[str, Status]) -> None:
    """Add states of a kind; the same state may not get two different words."""
    known = _KINDS.setdefault(kind, {})
    for value, status in mapping.items():
        if known.setdefault(str(value), status) != status:
            raise ValueError(f"{kind} {value} is registered twice with different words")


def get(kind: str, value: Any) -> Status:
    """The status of a value; one nobody named is shown as it is, quietly, rather than failing a page."""
    key = str(getattr(value, "value", value) or "")
    return _KINDS.get(kind, {}).get(key) or Status(key.replace("_", " ").capitalize() or "–", "idle", "circle-dashed")


def kinds() -> Mapping[str, Mapping[str, Status]]:
    """Everything registered, for the pattern page and the tests."""
    return _KINDS


register(
    "activity",
    {
        "draft": Status("Draft", "idle", "pencil"),
        "submitted": Status("Submitted", "info", "inbox"),
        "in_review": Status("In review", "info", "eye"),
        "returned": Status("Returned", "warn", "reply"),
        "approved": Status("Approved", "ok", "circle-check"),
        "designated": Status("Designated", "ok", "award"),
        "published": Status("Open", "ok", "door-open"),
        "ended": Status("Ended", "idle", "flag"),
        "closing": Status("Closing out", "info", "clipboard-check"),
        "closed": Status("Closed", "idle", "lock"),
        "archived": Status("Archived", "idle", "archive"),
        "rejected": Status("Rejected", "bad", "octagon-x"),
        "withdrawn": Status("Withdrawn", "idle", "undo-2"),
        "cancelled": Status("Cancelled", "bad", "calendar-x-2"),
    },
)
# What the public reads while an application is still on its way: never a number, never "pending" (AMA-PUB-1).
register(
    "activity_public",
    {
        **dict.fromkeys(
            ("draft", "submitted", "in_review", "returned", "approved", "designated"),
            Status("Under review", "idle", "hourglass"),
        ),
        "published": Status("Open", "ok", "door-open"),
        **dict.fromkeys(("ended", "closing", "closed", "archived"), Status("Ended", "idle", "flag")),
        **dict.fromkeys(("rejected", "withdrawn", "cancelled"), Status("Cancelled", "bad", "calendar-x-2")),
    },
)
register(
    "session",
    {
        "planned": Status("Not ready", "warn", "triangle-alert"),
        "ready": Status("Ready", "ok", "circle-check"),
        "open": Status("Running", "ok", "radio"),  # a fact about a session, not a stored state (decision 2)
        "held": Status("Ended", "idle", "flag"),
        "cancelled": Status("Cancelled", "bad", "calendar-x-2"),
    },
)
register(
    "registration",
    {
        "registered": Status("Registered", "ok", "circle-check"),
        "waiting": Status("Wait list", "warn", "list-plus"),
        "offered": Status("Place offered", "warn", "ticket"),
        "cancelled": Status("Cancelled", "idle", "ban"),
    },
)
# The same, as the person reads it about themselves.
register(
    "my_registration", {**kinds()["registration"], "registered": Status("You’re registered", "ok", "circle-check")}
)
register(
    "disclosure",
    {
        "asked": Status("Asked", "idle", "mail"),
        "disclosed": Status("Answered, not read", "info", "mail-open"),
        "to_decide": Status("To decide", "warn", "scale"),
        "to_mitigate": Status("To mitigate", "warn", "scale"),
        "expires_soon": Status("Expires soon", "warn", "clock"),  # a fact beside "cleared", not a stored standing
        "expired": Status("Expired", "bad", "clock-alert"),
        "excluded": Status("Excluded", "bad", "ban"),
        "cleared": Status("Cleared", "ok", "circle-check"),
        "cleared_mitigated": Status("Cleared, mitigated", "ok", "shield-check"),
    },
)
# An organisation that plans with us (CME-JP-1, ST-6).
register(
    "joint",
    {
        "unanswered": Status("Questions open", "warn", "circle-dashed"),
        "clear": Status("Answered, no “yes”", "ok", "circle-check"),
        "to_decide": Status("The CME office decides", "warn", "scale"),
        "eligible": Status("Eligible", "ok", "circle-check"),
        "ineligible": Status("Ineligible company", "bad", "ban"),
        "accredited": Status("Co-provider", "info", "badge-check"),
    },
)
# Two records that may be one person.
register(
    "pair",
    {
        "open": Status("To decide", "warn", "scale"),
        "dismissed": Status("Two people", "idle", "users"),
        "joined": Status("Joined", "ok", "merge"),
    },
)
register(
    "claim",
    {
        "live": Status("Claimed", "ok", "badge-check"),
        "void": Status("Withdrawn", "idle", "undo-2"),
        # Facts about what could be claimed, before there is a claim.
        "not_claimed": Status("Not claimed", "idle", "circle-dashed"),
        "open": Status("Ready to claim", "info", "award"),
        "closed": Status("Window closed", "bad", "lock"),
    },
)
register(
    "certificate",
    {
        "on_request": Status("On request", "idle", "file-text"),
        "preparing": Status("Being made", "info", "hourglass"),
        "issued": Status("Current", "ok", "circle-check"),
        "superseded": Status("Superseded", "warn", "repeat"),
        "revoked": Status("Revoked", "bad", "octagon-x"),
    },
)
register(
    "certificate_run",
    {
        "draft": Status("To confirm", "idle", "circle-dashed"),
        "running": Status("Running", "info", "radio"),
        "done": Status("Done", "ok", "circle-check"),
        "stopped": Status("Stopped", "warn", "octagon-x"),
    },
)
register(
    "certificate_template",
    {
        "draft": Status("Draft", "idle", "pencil"),
        "in_use": Status("In use", "ok", "circle-check"),
        "retired": Status("No longer used", "idle", "archive"),
    },
)
register(
    "job",
    {
        "due": Status("Waiting", "idle", "hourglass"),
        "running": Status("Running", "info", "radio"),
        "done": Status("Done", "ok", "circle-check"),
        "failed": Status("Failed", "bad", "octagon-x"),
    },
)
register(
    "report",
    {
        "due": Status("Due", "idle", "clock"),
        "sent": Status("Sent", "info", "send"),
        "sent_back": Status("Sent back", "warn", "triangle-alert"),
        "accepted": Status("Accepted", "ok", "circle-check"),
        "not_ours": Status("Not ours", "idle", "minus"),
        "withheld": Status("Not allowed", "warn", "hand"),
        "unknown": Status("Number missing", "warn", "triangle-alert"),
    },
)
register(
    "credit_report",
    {
        "to_send": Status("To send", "idle", "clock"),
        "overdue": Status("Overdue", "bad", "clock-alert"),
        "withheld": Status("Not allowed", "warn", "hand"),
        "unknown": Status("Number missing", "warn", "triangle-alert"),
        "sent": Status("Sent", "info", "send"),
        "accepted": Status("Accepted", "ok", "circle-check"),
        "rejected": Status("Sent back", "warn", "triangle-alert"),
        "dropped": Status("Not needed", "idle", "minus"),
    },
)
# A list of attendance from a file, and each of its rows.
register(
    "import",
    {
        "parsed": Status("Columns to check", "warn", "columns-3"),
        "reading": Status("Being read", "info", "hourglass"),
        "previewed": Status("To confirm", "warn", "list-checks"),
        "writing": Status("Being recorded", "info", "hourglass"),
        "confirmed": Status("On record", "ok", "circle-check"),
        "undoing": Status("Being undone", "info", "hourglass"),
        "undone": Status("Undone", "idle", "undo-2"),
        "refused": Status("Could not be read", "bad", "octagon-x"),
        "discarded": Status("Thrown away", "idle", "trash-2"),
    },
)
register(
    "import_row",
    {
        "matched": Status("Known person", "ok", "user-check"),
        "new": Status("Waits for its owner", "info", "hourglass"),
        "suggested": Status("Who is it?", "warn", "user-search"),
        "problem": Status("Problem", "bad", "octagon-x"),
        "duplicate": Status("Adds nothing", "idle", "copy"),
        "ignored": Status("Left out", "idle", "minus"),
    },
)
# The verdicts of common.findings, so that checklist, gate and staff page show one icon.
register(
    "finding",
    {
        "passed": Status("Met", "ok", "circle-check"),
        "missing": Status("Missing", "warn", "triangle-alert"),
        "failed": Status("Stops", "bad", "octagon-x"),
        "not_applicable": Status("Does not apply", "idle", "minus"),
        "waived": Status("Waived", "info", "file-check"),
    },
)
