"""What the disclosure pages may show: the holder's own statements, and the activity a link was sent for."""

from dataclasses import dataclass

from accounts.models import LinkGrant
from activities.models import Activity, ActivityRole
from integrity.enums import Eligibility
from integrity.models import Company

COMPANY_NAMES = 300


@dataclass(frozen=True)
class Occasion:
    """Why somebody is asked: the activity, and their parts in it in words."""

    activity: Activity
    roles: str
    is_needed: bool  # False once they control no content here any more


def occasion(grant: LinkGrant) -> Occasion | None:
    """The activity behind a link; None when it is gone."""
    activity = Activity.objects.filter(pk=grant.object_id).first()
    if activity is None:
        return None
    rows = list(ActivityRole.objects.filter(activity=activity, person_id=grant.person_id, removed_at=None))
    words = ", ".join(dict.fromkeys(row.get_role_display() for row in rows))
    return Occasion(activity, words, any(row.controls_content for row in rows))


def company_names() -> list[str]:
    """Names offered while typing: only companies the office found ineligible, so no stray entry of others shows."""
    rows = Company.objects.filter(eligibility=Eligibility.INELIGIBLE).order_by("name")
    return list(rows.values_list("name", flat=True)[:COMPANY_NAMES])
