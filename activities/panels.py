"""Blocks of this app on other apps' pages (PAGE_PANELS, decision 13)."""

from accounts.models import Organisation
from activities.models import JointProvider
from common.actors import Actor
from common.panels import Panel

SHOWN = 20


def organisation(organisation: Organisation, actor: Actor) -> Panel:
    """Which activities an organisation plans with us, newest first: what the office's verdict is about."""
    live = JointProvider.objects.filter(organisation=organisation, removed_at=None).select_related("activity")
    return Panel("activities/partials/_planned_with.html", {"rows": list(live.order_by("-added_at")[:SHOWN])})
