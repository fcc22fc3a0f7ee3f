"""What changed since the office agreed to it (WF-11): which activities wait for an answer, and one of them on its page."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from activities.domain import changes
from activities.domain.changes import Change, Since
from activities.domain.plan import Plan
from activities.enums import ActivityStatus, ChangedPart
from common.findings import Finding
from integrity.domain.standing import RoleStanding
from integrity.enums import CLEARED

# Which people of which activities: activity id → counts of what keeps them from being cleared.
Standings = Callable[[set[tuple[int, int]]], dict[int, Counter[str]]]
_HELD_UP = ("excluded", "to_decide", "missing")


@dataclass(frozen=True)
class Waiting:
    """One published activity that changed: the parts, and how many who joined are not cleared."""

    parts: list[ChangedPart]
    newcomers: int

    @property
    def text(self) -> str:
        said = [str(p.label).lower() for p in self.parts]
        if self.newcomers:
            n = self.newcomers
            said.append(ngettext("%(n)d new person not cleared", "%(n)d new people not cleared", n) % {"n": n})
        return _("Changed since published: %(what)s") % {"what": ", ".join(said)}


def waiting(standings: Standings) -> dict[int, Waiting]:
    """Every published activity with a change that nobody answered. A constant number of queries.

    `standings` says of (activity, person) pairs what keeps them from being cleared.
    """
    suspects = changes.suspects()
    if not suspects:
        return {}
    agreed, now = changes.latest([a.pk for a in suspects]), changes.facts_of(suspects)
    found = {a.pk: changes.compared(a, agreed[a.pk], now[a.pk]) for a in suspects}
    joined = {(pk, person) for pk, since in found.items() for person in since.newcomers}
    held_up = standings(joined) if joined else {}
    rows = {}
    for pk, since in found.items():
        count = sum(held_up.get(pk, Counter[str]())[kind] for kind in _HELD_UP)
        if since.changes or count:
            rows[pk] = Waiting(list(dict.fromkeys(c.part for c in since.changes)), count)
    return rows


@dataclass(frozen=True)
class Card:
    """The changes of one activity as its page shows them. `answers`: a published one waits for the office's answer."""

    since: Since
    newcomers: list[RoleStanding]
    answers: bool

    @property
    def changes(self) -> list[Change]:
        return self.since.changes

    @property
    def count(self) -> int:
        return len(self.changes) + len(self.newcomers)

    @property
    def stays(self) -> bool:
        """Whether to say that what is designated stays so for now."""
        return self.answers and self.since.touches_credit


def card(facts: Plan, found: list[RoleStanding]) -> Card | None:
    """What stands on the page of an agreed activity; None where nothing differs."""
    since = changes.since(facts)
    if since is None:
        return None
    joined = {s.role.person_id: s for s in found if s.role.person_id in since.newcomers and s.standing not in CLEARED}
    published = facts.activity.status == ActivityStatus.PUBLISHED
    if not since.changes and not joined:
        return None
    return Card(since, list(joined.values()), published)


def credit_is_open(found: list[Finding]) -> bool:
    """Whether another amount follows from the agenda, and can be designated still."""
    return any(f.is_open and "AMA-DES-4" in f.rules for f in found)
