"""Who plans with the school: a hospital and a society in joint providership, a university as co-provider, one to decide about."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from accounts.enums import AssessmentQuestion
from accounts.models import Organisation, Person
from activities.models import Activity, JointProvider


@dataclass(frozen=True)
class Partner:
    """An organisation, in which activity it plans with us, and what it answered "yes" to."""

    name: str
    kind: str
    where: Callable[[Activity], bool]
    nth: int = 0
    is_accredited: bool = False
    yes: tuple[str, ...] = ()


PARTNERS = (
    Partner("Pinewater Community Health", "hospital", lambda a: a.kind == "C" and a.status == "in_review", nth=1),
    Partner(
        "Brightwater Biomedical Foundation", "other", lambda a: a.kind == "C" and a.status == "in_review", nth=2,
        yes=(AssessmentQuestion.EDUCATES.value, AssessmentQuestion.SHARES.value),
    ),
    Partner("Pinewater Community Health", "hospital", lambda a: a.kind == "C" and a.status == "published", nth=1),
    Partner("State Academy of Family Physicians", "society", lambda a: a.kind == "C" and a.status == "published", nth=1),
    Partner("State Academy of Family Physicians", "society", lambda a: a.kind == "C" and a.status in {"ended", "closed"}),
    Partner(
        "Northfield University School of Medicine", "school", lambda a: a.kind == "C" and a.status == "published", nth=2,
        is_accredited=True,
    ),
)  # fmt: skip


def name_partners(activities: Iterable[Activity], *, now: dt.datetime, by: Person) -> dict[int, list[str]]:
    """Write the partners; returns, by activity, the names that its joint statement lists."""
    listed, known, named = list(activities), dict[str, Organisation](), dict[int, list[str]]()
    for partner in PARTNERS:
        fits = [a for a in listed if partner.where(a)]
        if len(fits) <= partner.nth:
            continue
        activity = fits[partner.nth]
        organisation = known.get(partner.name) or _organisation(partner, now - dt.timedelta(days=24), by)
        known[partner.name] = organisation
        JointProvider.objects.create(
            activity=activity, organisation=organisation, is_accredited=partner.is_accredited,
            added_at=activity.created_at, added_by=by.name_with_degrees,
        )  # fmt: skip
        if not partner.is_accredited:
            named.setdefault(activity.pk, []).append(partner.name)
    return named


def _organisation(partner: Partner, at: dt.datetime, by: Person) -> Organisation:
    answered: dict[str, Any] = {} if partner.is_accredited else {"assessed_at": at, "assessed_by": by}
    if answered:
        answered |= {name: name in partner.yes for name in AssessmentQuestion.values}
    return Organisation.objects.create(name=partner.name, kind=partner.kind, created_at=at, **answered)
