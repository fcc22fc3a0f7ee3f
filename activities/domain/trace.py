"""The thread gap → need → objective → session → evaluation, row by row, and where it breaks (CORE-4, APP-10)."""

from dataclasses import dataclass

from activities.domain.plan import GapFacts, Plan, SlotFacts
from activities.models import Need, Objective


@dataclass(frozen=True)
class Thread:
    """One row; what is None is where it breaks. `number` counts objectives from 1, 0 without one."""

    gap: GapFacts | None
    need: Need | None
    objective: Objective | None
    number: int
    slots: list[SlotFacts]
    is_series: bool

    @property
    def broken_at(self) -> str:
        """The first link that is missing: "need", "objective", "session", or "" for a whole thread."""
        if self.objective is None:
            return "objective" if self.need else "need"
        if self.need is None or self.gap is None:
            return "need"
        # A series has objectives once, not per session (CORE-13).
        return "" if self.slots or self.is_series else "session"


def threads(plan: Plan) -> list[Thread]:
    """A row per objective, then the needs that no objective answers, then the gaps without a need."""
    series = plan.activity.is_series
    by_need = {n.pk: (g, n) for g in plan.gaps for n in g.needs}
    rows = []
    for number, objective in enumerate(plan.objectives, start=1):
        gap, need = by_need.get(objective.need_id or 0, (None, None))
        rows.append(Thread(gap, need, objective, number, plan.sessions_of(objective), series))
    answered = {o.need_id for o in plan.objectives}
    rows += [Thread(g, n, None, 0, [], series) for pk, (g, n) in by_need.items() if pk not in answered]
    rows += [Thread(g, None, None, 0, [], series) for g in plan.gaps if not g.needs]
    return rows
