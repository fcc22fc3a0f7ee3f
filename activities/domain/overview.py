"""How far an application is: answers per section, the next thing to do, the day it is due. From findings only."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from activities.domain import applications
from activities.domain.plan import Plan
from activities.enums import Section
from common.findings import Finding


@dataclass(frozen=True)
class SectionLine:
    """One section in the side list."""

    section: Section
    url: str
    label: str
    count: str
    tone: str
    icon: str
    note: str
    current: bool


@dataclass(frozen=True)
class Overview:
    """The whole application at a glance."""

    lines: list[SectionLine]
    done: int
    total: int
    submit_by: dt.date | None
    starts_on: dt.date | None
    first_open: Finding | None
    position: int

    @property
    def is_clean(self) -> bool:
        return self.done == self.total

    @property
    def ready_to_sign(self) -> bool:
        return all(line.tone == "ok" or line.current or line.section == Section.SIGN for line in self.lines)


def of(plan: Plan, findings: Sequence[Finding], *, current: Section | None = None) -> Overview:
    """Count what is answered. Findings without a section belong to nobody's form and are listed in the checklist only."""
    counted = [f for f in findings if f.level != "not_applicable"]
    open_before_sign = [f for f in counted if f.is_open and f.section != Section.SIGN]
    lines = [_line(plan, section, counted, bool(open_before_sign), section == current) for section in Section]
    open_ones = in_order(f for f in counted if f.is_open)
    return Overview(
        lines, sum(not f.is_open for f in counted), len(counted), applications.submit_by(plan.activity), plan.activity.starts_on,
        open_ones[0] if open_ones else None, list(Section).index(current) + 1 if current else 0,
    )  # fmt: skip


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Findings in the order of the sections, what belongs to none of them last."""
    order = {section: i for i, section in enumerate(Section.values)}
    return sorted(findings, key=lambda f: order.get(f.section, len(order)))


def _line(plan: Plan, section: Section, findings: Sequence[Finding], rest_open: bool, current: bool) -> SectionLine:
    own = [f for f in findings if f.section == section]
    open_ones = [f for f in own if f.is_open]
    done = len(own) - len(open_ones)
    locked = section == Section.SIGN and rest_open
    note = _("Opens when the rest is done") if locked else open_ones[0].title if open_ones and done else ""
    if not open_ones:
        tone, icon = "ok", "circle-check"
    elif locked:
        tone, icon = "idle", "lock"
    elif any(f.level == "failed" for f in open_ones):
        tone, icon = "bad", "octagon-x"
    elif done:
        tone, icon = "warn", "triangle-alert"
    else:
        tone, icon = "idle", "circle-dashed"
    if current and tone not in {"ok", "bad"}:
        tone, icon = "info", "circle-dot"
    return SectionLine(
        section,
        plan.section_url(section.value),
        str(section.label),
        "" if locked else f"{done}/{len(own)}",
        tone,
        icon,
        "" if current else note,
        current,
    )


def after(section: Section) -> Section | None:
    """The section that follows; None after the last."""
    order = list(Section)
    here = order.index(section)
    return order[here + 1] if here + 1 < len(order) else None
