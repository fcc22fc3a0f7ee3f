"""Blocks of this app on other apps' pages (PAGE_PANELS, decision 13)."""

from activities.models import Activity, Session
from common.actors import Actor
from common.panels import Panel
from integrity.domain import disclosure_text


def activity(activity: Activity, actor: Actor) -> Panel:
    """What the activity page says about relationships: everybody reads the same (SII-3.5)."""
    return Panel("integrity/partials/_disclosure_panel.html", {"block": disclosure_text.block(activity)})


def session(session: Session, actor: Actor) -> Panel:
    """What the screen of the room says: of the session's people and those of the whole activity, as on the learner's phone."""
    return Panel(
        "integrity/partials/_disclosure_panel.html", {"block": disclosure_text.block(session.activity, session)}
    )
