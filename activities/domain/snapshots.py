"""The frozen plan: all that a reviewer reads, as text by section and field, and what differs between two of them."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import models

from accounts.enums import AssessmentQuestion, Profession
from activities import enums
from activities.domain.plan import GapFacts, Plan, SlotFacts
from activities.enums import Section
from activities.models import ActivityRole, JointProvider, Objective

FORMAT = 1
Frozen = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """One field that differs. `before` is "" for something new, `after` for something taken out."""

    section: str
    key: str
    label: str
    before: str
    after: str


def freeze(plan: Plan) -> Frozen:
    """The plan as JSON: sections → fields → label and text, in the order a reviewer reads them."""
    builders = {
        Section.BASICS: _basics, Section.PEOPLE: _people, Section.GAP: _gaps, Section.OBJECTIVES: _objectives,
        Section.AGENDA: _agenda, Section.FORMAT: _format, Section.EVALUATION: _evaluation, Section.SIGN: _sign,
    }  # fmt: skip
    # `n`: a jsonb column keeps no order of keys.
    sections = {
        s.value: {k: {"n": n, "label": label, "text": text} for n, (k, label, text) in enumerate(build(plan))}
        for s, build in builders.items()
    }
    return {"format": FORMAT, "number": plan.activity.number, "sections": sections}


def fields(frozen: Frozen, section: str) -> dict[str, Any]:
    """The fields of one section, key → label and text, in the order in which they were frozen."""
    found = frozen["sections"].get(section, {})
    return dict(sorted(found.items(), key=lambda item: item[1].get("n", 0)))


def differences(old: Frozen, new: Frozen) -> list[Change]:
    """What changed from one frozen plan to another, in the order of the newer one; what was taken out comes last."""
    found = []
    for section in Section.values:
        before, after = fields(old, section), fields(new, section)
        for key in [*after, *(k for k in before if k not in after)]:
            was, now = before.get(key, {}).get("text", ""), after.get(key, {}).get("text", "")
            if was != now:
                found.append(Change(section, key, (after.get(key) or before[key])["label"], was, now))
    return found


Field = tuple[str, str, str]


def _words(choices: type[models.TextChoices], values: Iterable[str]) -> str:
    return ", ".join(str(choices(v).label) for v in values)


def _day(value: dt.date | None) -> str:
    return value.isoformat() if value else ""


def _basics(plan: Plan) -> Iterable[Field]:
    a = plan.activity
    yield "title", "Title", a.title
    yield "kind", "Type", a.get_kind_display()
    yield "department", "Department", a.department.name
    yield "summary", "Summary", a.summary
    yield "starts_on", "First day", _day(a.starts_on)
    yield "ends_on", "Last day", _day(a.ends_on)
    yield "delivery", "How it is held", a.get_delivery_display()
    yield "place", "Place", a.place
    yield "online_url", "Online at", a.online_url
    yield "zone", "Time zone", a.zone
    yield "expected_learners", "Expected learners", str(a.expected_learners or "")
    yield "capacity", "Capacity", str(a.capacity or "")
    yield "professions", "Professions", _words(Profession, a.professions)
    yield "audience", "Audience", a.audience
    yield "fee_text", "Fee", a.fee_text
    for row in plan.joint:
        yield f"joint:{row.organisation_id}", "Planned with", _joint(row)


def _joint(row: JointProvider) -> str:
    """The organisation with its part and, of a joint provider, every answer of its self-assessment (SII-E-5)."""
    organisation = row.organisation
    lines = [f"{organisation.name}; {organisation.get_kind_display().lower()}"]
    if row.is_accredited:
        return "\n".join([*lines, "Accredited: co-provider"])
    words = {True: "Yes", False: "No", None: "Not answered"}
    asked = (f"{AssessmentQuestion(name).label} {words[answer]}" for name, answer in organisation.answers.items())
    return "\n".join([*lines, "Not accredited: joint provider", *asked])


def _people(plan: Plan) -> Iterable[Field]:
    titles = {s.pk: s.title for s in plan.sessions}
    for role in plan.roles:
        yield f"role:{role.pk}", role.get_role_display(), _role(role, titles)


def _role(role: ActivityRole, titles: dict[int, str]) -> str:
    p = role.person
    profession = str(Profession(p.profession).label) if p.profession else ""
    where = titles.get(role.session_id or 0, "")
    control = "" if role.controls_content else "does not control content"
    return "; ".join(t for t in (p.name_with_degrees, profession, where, control) if t)


def _gaps(plan: Plan) -> Iterable[Field]:
    for facts in plan.gaps:
        yield from _gap(facts)


def _gap(facts: GapFacts) -> Iterable[Field]:
    gap = facts.gap
    key = f"gap:{gap.pk}"
    yield key, "Gap", gap.title
    yield f"{key}:audience", "Whose practice", gap.audience
    yield f"{key}:current", "What happens now", gap.current_practice
    yield f"{key}:desired", "What should happen", gap.desired_practice
    yield f"{key}:own", "Among our own learners", facts.link.own_learners
    for need in facts.needs:
        yield f"need:{need.pk}", f"Need: {need.get_kind_display().lower()}", need.text
    for source in facts.evidence:
        attached = f"{source.file.name} (SHA-256 {source.file.sha256})" if source.file else ""
        text = "\n".join(t for t in (source.citation, source.finding, source.url, attached) if t)
        yield f"source:{source.pk}", f"Source: {source.get_kind_display()}", text


def _objectives(plan: Plan) -> Iterable[Field]:
    for number, objective in enumerate(plan.objectives, start=1):
        yield f"objective:{objective.pk}", f"Objective {number}", _objective(objective)


def _objective(o: Objective) -> str:
    need = f"Answers: {o.need}" if o.need else ""
    result = f"Result: {o.get_result_display()}" if o.result else ""
    commitment = f"Change offered: {o.commitment}" if o.commitment else ""
    return "\n".join(t for t in (o.text, need, result, commitment) if t)


def _agenda(plan: Plan) -> Iterable[Field]:
    yield "credit_types", "Credit asked for", ", ".join(plan.activity.credit_types)
    yield "minutes", "Minutes of education", "" if plan.activity.is_series else plan.agenda.sentence
    numbers = {o.pk: str(i) for i, o in enumerate(plan.objectives, start=1)}
    for facts in plan.slots:
        yield f"session:{facts.session.pk}", facts.session.title or "Session", _slot(plan, facts, numbers)


def _slot(plan: Plan, facts: SlotFacts, numbers: dict[int, str]) -> str:
    s = facts.session
    start, end = plan.local(s.starts_at), plan.local(s.ends_at)
    lines = [
        f"{start:%Y-%m-%d %H:%M} to {end:%H:%M}", str(enums.SlotKind(s.kind).label), s.title, s.room,
        str(enums.Method(s.method).label) if s.method else "",
        "New or evolving topic" if s.evolving_topic else "",
        f"Objectives {', '.join(numbers[o.pk] for o in facts.objectives)}" if facts.objectives else "",
        ", ".join(r.person.name_with_degrees for r in facts.roles),
    ]  # fmt: skip
    return "\n".join(line for line in lines if line)


def _format(plan: Plan) -> Iterable[Field]:
    a = plan.activity
    yield "designed_to_change", "Designed to change", _words(enums.ResultKind, a.designed_to_change)
    yield "change_text", "What will be different", a.change_text
    yield "methods", "Methods", _words(enums.Method, a.methods)
    yield "format_reason", "Why this format", a.format_reason
    yield "competencies", "Competencies", _words(enums.Competency, a.competencies)


def _evaluation(plan: Plan) -> Iterable[Field]:
    a = plan.activity
    yield (
        "evaluation_level",
        "Level measured",
        str(enums.MooreLevel(a.evaluation_level).label) if a.evaluation_level else "",
    )
    yield "evaluation_tools", "Tools", _words(enums.EvaluationTool, a.evaluation_tools)
    yield "evaluation_text", "How change is measured", a.evaluation_text


def _sign(plan: Plan) -> Iterable[Field]:
    a = plan.activity
    yield (
        "attest_independent",
        "Free of influence by ineligible companies (SII-2.1)",
        "Attested" if a.attest_independent else "",
    )
    yield "attest_no_marketing", "No marketing (SII-2.2)", "Attested" if a.attest_no_marketing else ""
    yield "attest_valid_content", "Valid, balanced content (SII-1)", "Attested" if a.attest_valid_content else ""
    yield "attest_privacy", "Patient privacy (CME-REC-5)", "Attested" if a.attest_privacy else ""
    yield "signed", "Signed by", a.signed_name
