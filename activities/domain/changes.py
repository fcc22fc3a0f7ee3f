"""After the office agreed: what of a plan is different since, and the office's answer to it (WF-11).

What was agreed is kept as plain facts; the plan as it is makes the same facts, and the two are compared. However a
change came about, it shows. Topics and speakers of a series are named as it runs: their gate is the session's (WF-6).
"""

import datetime as dt
import hashlib
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F, OuterRef, Subquery
from django.utils.translation import gettext as _

from activities.domain import agenda, gates, plan, reviewing, when
from activities.domain.agenda import Slot
from activities.domain.plan import Plan
from activities.enums import ActivityStatus, AgreedHow, ChangedPart, Delivery, SessionStatus, SlotKind
from activities.models import Activity, ActivityRole, AgreedPlan, Objective, Session
from common import audit, clock, findings, locks
from common.actors import Actor, system
from common.errors import Conflict, Invalid

FORMAT = 1
AGREED = frozenset({ActivityStatus.APPROVED, ActivityStatus.DESIGNATED, ActivityStatus.PUBLISHED})
# Which facts belong to which part; people are compared by whether somebody new is not cleared.
_FACTS: dict[ChangedPart, tuple[str, ...]] = {
    ChangedPart.AGENDA: ("agenda", "sessions"),
    ChangedPart.PLACE: ("place", "rooms"),
    ChangedPart.OBJECTIVES: ("objectives",),
}
Facts = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """One thing that is different: "" before for what is new, "" after for what is gone. `credit`: minutes that count."""

    part: ChangedPart
    label: str
    before: str
    after: str
    credit: bool = False


# --- facts ---------------------------------------------------------------------------------------------


def facts_of(activities: Iterable[Activity]) -> dict[int, Facts]:
    """The facts of several activities as they are: three queries, however many."""
    found = {a.pk: _own(a) for a in activities}
    live = Session.objects.filter(activity__in=found, removed_at=None).exclude(status=SessionStatus.CANCELLED)
    for s in live.order_by("starts_at", "pk"):
        facts, key = found[s.activity_id], str(s.pk)
        facts["rooms"][key] = s.room
        facts["sessions"][key] = {
            "title": s.title, "kind": str(s.kind), "starts_at": _stamp(s.starts_at), "ends_at": _stamp(s.ends_at)
        }  # fmt: skip
    for o in Objective.objects.filter(activity__in=found, removed_at=None).order_by("position", "pk"):
        found[o.activity_id]["objectives"][str(o.pk)] = o.text
    roles = ActivityRole.objects.filter(activity__in=found, removed_at=None, controls_content=True)
    for activity_id, person_id, session_id in roles.values_list("activity_id", "person_id", "session_id").order_by(
        "pk"
    ):
        facts = found[activity_id]
        if person_id not in facts["people"] and (session_id is None or str(session_id) in facts["sessions"]):
            facts["people"].append(person_id)
    return found


def _own(a: Activity) -> Facts:
    return {
        "format": FORMAT,
        "agenda": {"starts_on": _stamp(a.starts_on), "ends_on": _stamp(a.ends_on), "zone": a.zone, "credit_types": sorted(a.credit_types)},
        "place": {"delivery": str(a.delivery), "location": a.location, "city": a.city, "online_url": a.online_url},
        "sessions": {}, "rooms": {}, "objectives": {}, "people": [],
    }  # fmt: skip


def _stamp(value: dt.date | None) -> str:
    """Instants are stored in UTC, so that the same one is the same text."""
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    return value.isoformat() if value else ""


def differences(activity: Activity, old: Facts, new: Facts) -> list[Change]:
    """What changed from one set of facts to another, in words; nothing about people."""
    return [*_agenda(activity, old, new), *_place(old, new), *_objectives(old, new)]


def newcomers(old: Facts, new: Facts) -> list[int]:
    """People in control of content who were not when it was agreed."""
    return [pk for pk in new["people"] if pk not in old["people"]]


def token(changes: Iterable[Change]) -> str:
    """Names exactly these changes, so that nobody confirms what they have not read."""
    text = json.dumps([[c.part, c.label, c.before, c.after] for c in changes])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _agenda(activity: Activity, old: Facts, new: Facts) -> Iterable[Change]:
    part, was, now = ChangedPart.AGENDA, old["agenda"], new["agenda"]
    for key, label in (("starts_on", _("First day")), ("ends_on", _("Last day")), ("zone", _("Time zone"))):
        if was[key] != now[key]:
            yield Change(part, label, was[key], now[key])
    if was["credit_types"] != now["credit_types"]:
        yield Change(
            part, _("Credit asked for"), ", ".join(was["credit_types"]), ", ".join(now["credit_types"]), credit=True
        )
    before, after = old["sessions"], new["sessions"]
    for key in [*after, *(k for k in before if k not in after)]:
        a, b = before.get(key), after.get(key)
        if _compared(activity, a) != _compared(activity, b):
            title = (b or a)["title"] or _("A session")
            yield Change(
                part,
                title,
                _slot(activity, a, b),
                _slot(activity, b, a) or _("Not held"),
                credit=_counted(a) != _counted(b),
            )
    minutes = [_minutes(s) for s in (before, after)]
    if not activity.is_series and minutes[0] != minutes[1]:
        yield Change(part, _("Minutes of education"), str(minutes[0]), str(minutes[1]), credit=True)


def _compared(activity: Activity, slot: dict[str, str] | None) -> list[str]:
    """Of a series the topic is left out: it is named week by week."""
    if slot is None:
        return []
    return [slot["starts_at"], slot["ends_at"], slot["kind"], *([] if activity.is_series else [slot["title"]])]


def _slot(activity: Activity, slot: dict[str, str] | None, other: dict[str, str] | None) -> str:
    if slot is None:
        return ""
    starts, ends = (dt.datetime.fromisoformat(slot[k]) for k in ("starts_at", "ends_at"))
    said = [when.of_session(starts, ends, activity.zone)]
    if slot["kind"] != SlotKind.EDUCATION or (other and other["kind"] != slot["kind"]):
        said.append(str(SlotKind(slot["kind"]).label))
    if other and other["title"] != slot["title"] and not activity.is_series:
        said.insert(0, f"“{slot['title']}”")
    return "; ".join(said)


def _counted(slot: dict[str, str] | None) -> int:
    return _as_slot("0", slot).minutes if slot and slot["kind"] == SlotKind.EDUCATION else 0


def _as_slot(key: str, slot: dict[str, str]) -> Slot:
    starts, ends = (dt.datetime.fromisoformat(slot[k]) for k in ("starts_at", "ends_at"))
    return Slot(int(key), slot["title"], starts, ends, slot["kind"] == SlotKind.EDUCATION)


def _minutes(sessions: dict[str, dict[str, str]]) -> int:
    return agenda.compute(_as_slot(key, slot) for key, slot in sessions.items()).minutes


def _place(old: Facts, new: Facts) -> Iterable[Change]:
    part, was, now = ChangedPart.PLACE, old["place"], new["place"]
    if was["delivery"] != now["delivery"]:
        before, after = (str(Delivery(p["delivery"]).label) for p in (was, now))
        yield Change(part, _("How it is held"), before, after)
    places = [", ".join(filter(None, (p["location"], p["city"]))) for p in (was, now)]
    if places[0] != places[1]:
        yield Change(part, _("Place"), places[0], places[1])
    if was["online_url"] != now["online_url"]:
        yield Change(part, _("Online at"), was["online_url"], now["online_url"])
    for key, room in new["rooms"].items():
        if key in old["rooms"] and old["rooms"][key] != room:
            title = new["sessions"][key]["title"] or _("A session")
            yield Change(part, _("Room: %(title)s") % {"title": title}, old["rooms"][key], room)


def _objectives(old: Facts, new: Facts) -> Iterable[Change]:
    before, after = old["objectives"], new["objectives"]
    for key in [*after, *(k for k in before if k not in after)]:
        if before.get(key) != after.get(key):
            yield Change(ChangedPart.OBJECTIVES, _("Objective"), before.get(key, ""), after.get(key, ""))


# --- what was agreed -----------------------------------------------------------------------------------


def latest(activity_ids: Collection[int]) -> dict[int, AgreedPlan]:
    """The newest agreement of each activity. One query."""
    rows = AgreedPlan.objects.filter(activity__in=activity_ids).order_by("activity", "-number").distinct("activity")
    return {row.activity_id: row for row in rows}


def suspects() -> list[Activity]:
    """Published activities whose plan was touched since it was agreed; most of them differ. One query."""
    newest = AgreedPlan.objects.filter(activity=OuterRef("pk")).order_by("-number").values("plan_changed_at")[:1]
    rows = Activity.objects.filter(status=ActivityStatus.PUBLISHED).annotate(agreed_at=Subquery(newest))
    return list(rows.filter(agreed_at__isnull=False).exclude(changed_at=F("agreed_at")))


@dataclass(frozen=True)
class Since:
    """What is different since the newest agreement, and who came to control content."""

    agreement: AgreedPlan
    changes: list[Change]
    newcomers: list[int]

    @property
    def token(self) -> str:
        return token(self.changes)

    @property
    def touches_credit(self) -> bool:
        return any(c.credit for c in self.changes)


def since(facts: Plan) -> Since | None:
    """The same for one activity, read once per plan; None where nothing was agreed yet or all of it is over."""
    if "changes.since" not in facts.cache:
        facts.cache["changes.since"] = _since(facts.activity)
    found: Since | None = facts.cache["changes.since"]
    return found


def _since(activity: Activity) -> Since | None:
    agreement = latest([activity.pk]).get(activity.pk) if activity.status in AGREED else None
    return compared(activity, agreement, facts_of([activity])[activity.pk]) if agreement else None


def compared(activity: Activity, agreement: AgreedPlan, facts: Facts) -> Since:
    return Since(agreement, differences(activity, agreement.facts, facts), newcomers(agreement.facts, facts))


def agree(
    activity: Activity, *, how: AgreedHow, by: Actor, reason: str = "", only: Collection[ChangedPart] | None = None
) -> AgreedPlan:
    """Keep the plan as it is for agreed, in the caller's transaction. With `only`, the rest stays as it was agreed before."""
    locks.require_transaction()
    facts, before = facts_of([activity])[activity.pk], latest([activity.pk]).get(activity.pk)
    mark = activity.changed_at
    if only is not None and before is not None:
        mark = before.plan_changed_at  # the rest is still to be compared
        taken = {key for part in only for key in _FACTS[part]}
        facts = {key: facts[key] if key in taken else before.facts[key] for key in facts}
    return AgreedPlan.objects.create(
        activity=activity, number=before.number + 1 if before else 1, how=how, facts=facts, plan_changed_at=mark,
        at=clock.now(), by=by.label, reason=reason,
    )  # fmt: skip


def before_change(activity: Activity) -> None:
    """Called under the lock by whoever is about to change a plan: an activity that was agreed to without being written
    down has its facts kept first.
    """
    locks.require_transaction()
    if activity.status == ActivityStatus.PUBLISHED and not activity.agreements.exists():
        agree(activity, how=AgreedHow.FOUND, by=system("plan as found"))


def after_change(activity: Activity) -> None:
    """Called when it is changed: the office looks again."""
    locks.require_transaction()
    activity.changed_at = clock.now()
    activity.save(update_fields=["changed_at"])


# --- the office's answer -------------------------------------------------------------------------------


def confirm(*, activity_id: int, reason: str, seen: str, by: Actor) -> AgreedPlan:
    """Agree to the changes of a published activity, those named by `seen` (`Since.token`).

    Raises Conflict when there is nothing to confirm, when something else changed meanwhile, and while a finding of the
    changed parts is open: credit that no longer follows from the agenda is designated again, not confirmed.
    """
    if not reason.strip():
        raise Invalid(fields={"reason": _("Say why it is in order, in a sentence. It stands in the record.")})
    with transaction.atomic(durable=True):
        activity = locks.lock_row(Activity.objects, pk=activity_id)
        reviewing.require_may_decide(by, activity)
        if activity.status != ActivityStatus.PUBLISHED:
            raise Conflict(_("Only a published activity has changes to confirm."))
        facts = plan.load(activity)
        found = since(facts)
        if found is None or not (found.changes or found.newcomers):
            raise Conflict(_("Nothing changed since it was agreed."))
        if found.token != seen:
            raise Conflict(_("The plan changed meanwhile. The page shows what is different now."))
        findings.require_clean(gates.for_change(facts))
        row = agree(activity, how=AgreedHow.CONFIRMED, by=by, reason=reason.strip())
        said = [{"part": c.part, "label": c.label, "before": c.before, "after": c.after} for c in found.changes]
        audit.record("change_confirmed", by=by, subject=activity, new=said, reason=reason.strip())
        return row
