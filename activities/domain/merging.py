"""How registrations, roles and attendance take part when two records of one person are joined (settings.PERSON_MERGE)."""

import datetime as dt
from collections.abc import Sequence

from django.db.models import Count

from accounts.domain.merge_parts import Change, Part, ends
from accounts.models import Person
from activities.enums import RegistrationStatus
from activities.models import ActivityRole, AttendanceEvidence, Decision, Registration
from activities.workflow import REGISTRATION
from common import jobs
from common.actors import Actor

GIVEN_UP = "given_up"
# Which of two places is worth keeping.
_RANK = {RegistrationStatus.REGISTERED: 0, RegistrationStatus.OFFERED: 1, RegistrationStatus.WAITING: 2}


def one_place(mine: Registration, theirs: Registration, by: Actor, at: dt.datetime) -> list[Change]:
    """One person has one place: the better one stays, with what was asked for either; the other is given up."""
    rank = _RANK[RegistrationStatus(mine.status)] - _RANK[RegistrationStatus(theirs.status)]
    better, worse = (mine, theirs) if rank < 0 else (theirs, mine)
    old = worse.status
    REGISTRATION.apply(worse, "cancel", by=by, at=at, reason="The same person was registered twice.")
    worse.cancelled_at = at
    worse.save(update_fields=["status", "cancelled_at"])
    changes = [Change(worse, GIVEN_UP, old, RegistrationStatus.CANCELLED)]
    if worse.accommodation and not better.accommodation:
        changes.append(Change(better, "accommodation_taken", "", worse.accommodation))
        better.accommodation = worse.accommodation
        better.save(update_fields=["accommodation"])
    if worse.activity.capacity is not None:
        jobs.later("activities.jobs_learner.offer_free_seats", worse.activity_id)
    return changes


def place_back(key: str, column: str, old: object) -> list[str]:
    """When records are taken apart: ask for the place that was given up; it is theirs again if one is free."""
    if column != GIVEN_UP:
        return []
    row = Registration.objects.select_related("activity").filter(pk=key).first()
    if row is None:
        return []
    jobs.later("activities.jobs_learner.restore_place", row.pk)
    return [
        f"The place in {row.activity.title} that was given up is taken again if one is free; if not, they stand on the waiting list."
    ]


def counts(person_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """Attendance hangs on identities, not on people. One query."""
    rows = AttendanceEvidence.objects.of_any(person_ids).values_list("identity__links__person").annotate(Count("pk"))
    return {person_id: {"Attendance recorded": number} for person_id, number in rows}


def remarks(away: Person, kept: Person) -> list[str]:
    """Nobody decides about an activity they take part in (law 7): joined records may show that somebody did."""
    pair = {away.pk: away, kept.pk: kept}
    decided = Decision.objects.filter(decided_by__in=pair).select_related("activity").order_by("pk")
    by_activity = {(d.activity_id, d.decided_by_id): d for d in decided}
    parts = ActivityRole.objects.filter(
        person__in=pair, activity__in={a for a, _p in by_activity}, removed_at=None
    ).values_list("activity_id", "person_id")
    found = []
    for activity_id, person_id in sorted(set(parts)):
        for (decided_in, decider), row in by_activity.items():
            if decided_in == activity_id and decider != person_id:
                found.append(
                    f"One record decided about {row.activity.title}, in which the other has a part. A colleague looks at that decision again."
                )
    return found


PART = Part(
    names={
        "activities.Registration": "Registrations", "activities.ActivityRole": "Roles in activities", "activities.DisclosureDelivery": "Disclosures read",
        "activities.Activity": "Activities begun or signed", "activities.PracticeGap": "Practice gaps", "activities.Decision": "Decisions",
        "activities.ChangeRequest": "Requests to planners",
    },
    counts=counts,
    duplicates={"activities.Registration": one_place, "activities.ActivityRole": ends("removed_at", "removed_by")},
    remarks=remarks,
    restored={"activities.Registration": place_back},
)  # fmt: skip
