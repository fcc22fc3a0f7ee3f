"""What an application must hold before it moves on (WF-1, WF-3, WF-4, WF-6): one rule, one function, one message.

Every finding names the section and the field that mends it; its `data` carries the margin note: what a reviewer
will ask, and what a good answer is.
"""

from collections.abc import Iterable
from dataclasses import replace

from dateutil.relativedelta import relativedelta
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.enums import OrganisationKind
from accounts.models import AccreditationTerm
from activities import validators
from activities.domain import agenda as agendas
from activities.domain.plan import Plan, SlotFacts
from activities.enums import BY_ASSESSMENT, BY_WORK, Delivery, JointStanding, MooreLevel, Section
from activities.models import JointProvider
from common import clock, rulesets
from common.findings import Finding, Level, check
from common.templatetags.cme import local_date

PLANNING = ("submission", "review", "approval")
WHILE_NOT_OPEN = (*PLANNING, "designation", "publication")
_SHOWS_CHANGE = frozenset({MooreLevel.COMPETENCE, MooreLevel.PERFORMANCE, MooreLevel.PATIENT, MooreLevel.COMMUNITY})


def _finding(
    plan: Plan, section: Section, ok: bool, title: str, *, anchor: str = "", proof: str = "", failed: bool = False,
    slot: int = 0, ask: str = "", tip: str = "", rules: tuple[str, ...] = (), who: str = "planner", warning: str = "",
) -> Finding:  # fmt: skip
    level: Level = "passed" if ok else "failed" if failed else "missing"
    link = plan.section_url(section.value)
    if slot:
        link, anchor = f"{link}?open={slot}", anchor or f"slot-{slot}"
    link = f"{link}#{anchor}" if anchor else link
    data = {"ask": ask, "tip": tip, "warning": warning}
    return Finding(rules, level, title, proof, section.value, anchor, link, who=who, data=data)


def _named(texts: Iterable[str], most: int = 3) -> str:
    listed = list(texts)
    more = _(" and %(n)d more") % {"n": len(listed) - most} if len(listed) > most else ""
    return ", ".join(listed[:most]) + more


# --- basics: APP-1, APP-3 ----------------------------------------------------------------------------


@check("APP-1", gates=PLANNING)
def check_title(plan: Plan) -> Finding:
    title = plan.activity.title.strip()
    return _finding(plan, Section.BASICS, bool(title), _("It has a title"), anchor="id_title", proof=title)


@check("APP-1", gates=PLANNING)
def check_dates(plan: Plan) -> Finding:
    a = plan.activity
    return _finding(
        plan, Section.BASICS, bool(a.starts_on and a.ends_on), _("First and last day are set"), anchor="id_starts_on",
        ask=_("When is it?"), tip=_("The day decides when the application is due and when credit must be designated."),
    )  # fmt: skip


@check("APP-1", gates=PLANNING)
def check_place(plan: Plan) -> Finding:
    a = plan.activity
    in_person = a.delivery in {Delivery.IN_PERSON, Delivery.BOTH}
    ok = bool(a.place if in_person else a.online_url or a.location)
    return _finding(
        plan, Section.BASICS, ok, _("Place or platform is named"),
        anchor="id_location" if in_person else "id_online_url", proof=a.place or a.online_url,
    )  # fmt: skip


@check("APP-1", gates=PLANNING)
def check_expected_learners(plan: Plan) -> Finding:
    n = plan.activity.expected_learners
    return _finding(
        plan,
        Section.BASICS,
        bool(n),
        _("Expected number of learners"),
        anchor="id_expected_learners",
        proof=str(n or ""),
    )


@check("APP-3", gates=PLANNING)
def check_audience(plan: Plan) -> Finding:
    a = plan.activity
    return _finding(
        plan, Section.BASICS, bool(a.professions and a.audience.strip()), _("The audience is named, with its professions"),
        anchor="id_professions_0" if not a.professions else "id_audience", proof=a.audience,
        ask=_("Who is it for?"), tip=_("Professions decide which credit is offered. Say also where these people work."),
    )  # fmt: skip


@check("CME-RSS-2", gates=PLANNING)
def check_series_length(plan: Plan) -> Finding | None:
    a = plan.activity
    if not a.is_series or not a.starts_on or not a.ends_on:
        return None
    ok = (a.ends_on - a.starts_on).days <= 366
    return _finding(plan, Section.BASICS, ok, _("The series lasts at most 12 months"), anchor="id_ends_on", failed=True)


@check("CME-EM-2", gates=PLANNING)
def check_offered_three_years(plan: Plan) -> Finding | None:
    """What stays available is reviewed after three years; it names its last day, and nothing is claimed after it."""
    a = plan.activity
    if a.kind not in BY_ASSESSMENT or not a.starts_on:
        return None
    ok = a.ends_on is not None and a.ends_on <= a.starts_on + relativedelta(years=3)
    return _finding(
        plan, Section.BASICS, ok, _("It names its last day, within three years"), anchor="id_ends_on", failed=a.ends_on is not None,
        rules=("CME-EM-2",), ask=_("Until when can it be taken?"), tip=_("At most three years; a review can then renew it."),
    )  # fmt: skip


@check("AMA-CORE-1", gates=("submission", "approval"), group="Credit and wording")
def check_starts_later(plan: Plan) -> Finding | None:
    """Credit is never designated after the start, so an application about the past cannot be sent."""
    start = plan.starts_at
    if start is None:
        return None
    return _finding(
        plan, Section.BASICS, start > clock.now(), _("It has not begun: credit is designated before the start"),
        anchor="id_starts_on", failed=True,
    )  # fmt: skip


# --- joint providership: APP-1, CME-JP, SII-E-5 --------------------------------------------------------


@check("CME-JP-1", "SII-E-5", gates=WHILE_NOT_OPEN)
def check_joint_assessed(plan: Plan) -> Finding | None:
    """Every joint provider’s self-assessment is answered; a verdict of the office stands in its place."""
    if not plan.non_accredited:
        return None
    silent = [j for j in plan.non_accredited if j.standing == JointStanding.UNANSWERED]
    waiting = [j.organisation.name for j in plan.joint if j.standing == JointStanding.TO_DECIDE]
    proof = _named(j.organisation.name for j in silent or plan.non_accredited)
    if waiting and not silent:
        proof = _("%(names)s: with a “yes”, so the CME office decides before it approves.") % {"names": _named(waiting)}
    return _finding(
        plan, Section.BASICS, not silent, _("The questions about every joint provider are answered"),
        anchor=f"joint-{silent[0].pk}" if silent else "", proof=proof,
        ask=_("Is anybody you plan with an ineligible company?"),
        tip=_("A “yes” does not stop you: the CME office looks at it and decides. An ineligible company can’t plan accredited education."),
    )  # fmt: skip


@check("CME-JP-1", "SII-E-1", gates=WHILE_NOT_OPEN)
def check_joint_eligible(plan: Plan) -> Finding | None:
    """An ineligible company is nobody’s joint provider. What is not known yet has findings of its own."""
    known = [j for j in plan.joint if j.standing not in {JointStanding.UNANSWERED, JointStanding.TO_DECIDE}]
    if not known:
        return None
    barred = [j for j in known if j.standing == JointStanding.INELIGIBLE]
    proof = " ".join(_what_is_known(plan, j) for j in known)
    if barred:
        names = ", ".join(j.organisation.name for j in barred)
        proof = _("%(names)s: the CME office decided that it is an ineligible company. Take it off.") % {"names": names}
    return _finding(
        plan, Section.BASICS, not barred, _("No partner is an ineligible company"), failed=True,
        anchor=f"joint-{barred[0].pk}" if barred else "", proof=proof,
    )  # fmt: skip


def _what_is_known(plan: Plan, row: JointProvider) -> str:
    """ "Pinewater Community Health: hospital or health system, every question answered “no” on Oct 29, 2026." """
    organisation, zone = row.organisation, plan.activity.zone
    if row.standing == JointStanding.ACCREDITED:
        said = _("accredited")
    elif row.standing == JointStanding.CLEAR:
        said = _("every question answered “no” on %(when)s") % {"when": local_date(organisation.assessed_at, zone)}
    else:
        said = _("the CME office decided on %(when)s") % {"when": local_date(organisation.decided_at, zone)}
    kind = "" if organisation.kind == OrganisationKind.OTHER else f"{organisation.get_kind_display().lower()}, "
    return f"{organisation.name}: {kind}{said}."


@check("CME-JP-1", "SII-E-5", gates=("approval", "designation", "publication"))
def check_joint_decided(plan: Plan) -> Iterable[Finding]:
    """A “yes” in a self-assessment is weighed by a person of the office."""
    for row in plan.joint:
        if row.standing != JointStanding.TO_DECIDE:
            continue
        organisation = row.organisation
        finding = _finding(
            plan, Section.BASICS, False, _("%(name)s may be a joint provider") % {"name": organisation.name},
            proof=_("Answered “yes”: %(questions)s") % {"questions": " ".join(organisation.yes_answers)}, who="staff",
        )  # fmt: skip
        act = {"act": _("Decide"), "act_url": reverse("admin:accounts_organisation_decide", args=[organisation.pk])}
        yield replace(finding, link="", data={**finding.data, **act})


@check("CME-JP-3", gates=PLANNING)
def check_joint_not_on_probation(plan: Plan) -> Finding | None:
    """A provider on Probation begins no joint activity."""
    if not plan.non_accredited:
        return None
    term = AccreditationTerm.on(clock.now().date())
    barred = term is not None and term.is_probation
    return _finding(
        plan, Section.BASICS, not barred, _("New joint activities are open to us"), failed=True, anchor="joint",
        proof=_("Our accreditation is on probation, so no new joint activity can begin.") if barred else "",
    )  # fmt: skip


@check("ST-6", gates=("approval",))
def check_co_provided(plan: Plan) -> Finding | None:
    """Two accredited providers: no special statement; the reviewer reads who was said to be accredited."""
    found = [j.organisation.name for j in plan.joint if j.is_accredited]
    if not found:
        return None
    proof = _("%(names)s: accredited, say the planners. One of us reports it, with its own statement.") % {
        "names": ", ".join(found)
    }
    return _finding(plan, Section.BASICS, True, _("Co-provided: no joint statement"), proof=proof)


# --- people: APP-2 -----------------------------------------------------------------------------------


@check("APP-2", gates=PLANNING)
def check_director(plan: Plan) -> Finding:
    return _finding(
        plan, Section.PEOPLE, bool(plan.directors), _("An activity director is named"), anchor="id_email",
        proof=_named(r.person.name_with_degrees for r in plan.directors),
        ask=_("Who answers for it?"), tip=_("The director signs the application and is the office’s first contact."),
    )  # fmt: skip


@check("JA-1", "APP-2", gates=PLANNING)
def check_team(plan: Plan) -> Finding | None:
    """An audience of several professions is planned by several professions."""
    if len(plan.activity.professions) < 2:
        return None
    planning = {r.person.profession for r in plan.planners if r.controls_content and r.person.profession}
    return _finding(
        plan, Section.PEOPLE, len(planning) >= 2, _("At least two professions plan for an audience of several"), anchor="id_email",
        ask=_("Did the professions you teach help to plan it?"),
        tip=_("A nurse or pharmacist among the planners sees what a physician misses, and the other way around."),
    )  # fmt: skip


@check("APP-2", gates=PLANNING)
def check_professions_known(plan: Plan) -> Finding | None:
    unknown = [r.person.full_name for r in plan.planners if not r.person.profession]
    if not plan.planners:
        return None
    return _finding(
        plan,
        Section.PEOPLE,
        not unknown,
        _("Every planner’s profession is known"),
        proof=_named(unknown),
        anchor="people",
    )


# --- gap and needs: APP-4, CORE-4 --------------------------------------------------------------------


@check("APP-4", gates=PLANNING)
def check_gap_linked(plan: Plan) -> Finding:
    return _finding(
        plan, Section.GAP, bool(plan.gaps), _("It sets out to close a gap in practice"), anchor="gaps",
        proof=_named(g.gap.title for g in plan.gaps),
    )  # fmt: skip


@check("VOC-GAP", "CORE-4", gates=PLANNING)
def check_gap_described(plan: Plan) -> Finding | None:
    if not plan.gaps:
        return None
    short = [
        g
        for g in plan.gaps
        if not (g.gap.audience.strip() and g.gap.current_practice.strip() and g.gap.desired_practice.strip())
    ]
    warning = next(filter(None, (validators.lint_gap(g.text) for g in plan.gaps)), "")
    return _finding(
        plan, Section.GAP, not short, _("The gap says whose practice, what they do now and what they should do"),
        anchor=f"id_gap{short[0].gap.pk}-current_practice" if short else "", proof=_named(g.gap.title for g in short), warning=warning,
        ask=_("Could I check this in a year?"), tip=_("A number today lets you show a change later."),
    )  # fmt: skip


@check("CORE-4", gates=PLANNING)
def check_needs(plan: Plan) -> Finding | None:
    if not plan.gaps:
        return None
    bare = [g for g in plan.gaps if not any(n.text.strip() for n in g.needs)]
    empty = [n for n in plan.needs if not n.text.strip()]
    where = bare[0].gap.pk if bare else empty[0].gap_id if empty else 0
    kind = empty[0].kind if empty and not bare else "knowledge"
    return _finding(
        plan, Section.GAP, not bare and not empty, _("Every gap has its needs: knowledge, competence or performance"),
        anchor=f"id_gap{where}-need_{kind}" if where else "",
        ask=_("Is education the right fix?"), tip=_("If the cause is a missing order set, say so. It counts in your favor."),
    )  # fmt: skip


@check("VOC-SOURCE", "CORE-4", gates=PLANNING)
def check_sources(plan: Plan) -> Finding | None:
    if not plan.gaps:
        return None
    least = int(rulesets.value_on("gap.sources_minimum"))
    thin = [g for g in plan.gaps if len(g.evidence) < least]
    return _finding(
        plan, Section.GAP, not thin, _("Every gap is shown by at least %(n)d sources") % {"n": least},
        anchor=f"sources-{thin[0].gap.pk}" if thin else "",
        proof=_named(_("%(title)s: %(n)d") % {"title": g.gap.title, "n": len(g.evidence)} for g in thin or plan.gaps),
        ask=_("How do you know?"), tip=_("Your own data beats a national figure; a guideline says where practice should be."),
    )  # fmt: skip


@check("CORE-4", "APP-4", gates=PLANNING)
def check_own_learners(plan: Plan) -> Finding | None:
    if not plan.gaps:
        return None
    silent = [g for g in plan.gaps if not g.link.own_learners.strip()]
    return _finding(
        plan, Section.GAP, not silent, _("It says how the gap shows among your own learners"),
        anchor=f"id_gap{silent[0].gap.pk}-own_learners" if silent else "",
        ask=_("Whose practice is this about?"), tip=_("The gap must belong to your own learners, not to medicine in general."),
    )  # fmt: skip


# --- objectives: APP-5 -------------------------------------------------------------------------------


@check("APP-5", gates=PLANNING)
def check_objectives(plan: Plan) -> Finding:
    written = [o for o in plan.objectives if o.text.strip()]
    empty = [o for o in plan.objectives if not o.text.strip()]
    warning = next(filter(None, (validators.lint_objective(o.text) for o in written)), "")
    return _finding(
        plan, Section.OBJECTIVES, bool(written) and not empty, _("Objectives say what the learner will do"),
        anchor=f"id_o{empty[0].pk}-text" if empty else "objectives", warning=warning,
        ask=_("Could I watch somebody do this?"), tip=_("Begin with a verb that can be seen: choose, start, hand over."),
    )  # fmt: skip


@check("CORE-4", "APP-5", gates=PLANNING)
def check_objectives_answer_a_need(plan: Plan) -> Finding | None:
    if not plan.objectives:
        return None
    live = {n.pk for n in plan.needs}
    loose = [o for o in plan.objectives if o.need_id not in live]
    return _finding(
        plan, Section.OBJECTIVES, not loose, _("Every objective answers a need of a gap"),
        anchor=f"id_o{loose[0].pk}-need" if loose else "", proof=_named(_numbers(plan, loose)),
        ask=_("Which gap does this close?"), tip=_("An objective without a need is a topic somebody likes."),
    )  # fmt: skip


@check("CORE-5", "APP-5", gates=PLANNING)
def check_objectives_result(plan: Plan) -> Finding | None:
    if not plan.objectives:
        return None
    open_ones = [o for o in plan.objectives if not o.result]
    return _finding(
        plan, Section.OBJECTIVES, not open_ones, _("Every objective names the result it works for"),
        anchor=f"id_o{open_ones[0].pk}-result_0" if open_ones else "", proof=_named(_numbers(plan, open_ones)),
    )  # fmt: skip


def _numbers(plan: Plan, objectives: Iterable[object]) -> list[str]:
    order = {o.pk: i for i, o in enumerate(plan.objectives, start=1)}
    return [_("Objective %(n)d") % {"n": order[o.pk]} for o in objectives]  # type: ignore[attr-defined]


# --- agenda and credit: APP-10, APP-11 ---------------------------------------------------------------


@check("APP-10", gates=PLANNING)
def check_agenda(plan: Plan) -> Finding:
    if plan.activity.is_series:
        return _finding(
            plan, Section.AGENDA, bool(plan.education) or hasattr(plan.activity, "series_plan"),
            _("The agenda has its sessions, or a recurrence"), anchor="agenda", proof=_sessions(plan),
        )  # fmt: skip
    if plan.activity.is_any_time:
        return _estimate(plan)
    return _finding(
        plan,
        Section.AGENDA,
        bool(plan.education),
        _("The agenda has education on it"),
        anchor="agenda",
        proof=_sessions(plan),
    )


def _estimate(plan: Plan) -> Finding:
    """AMA-CALC-6: what has no agenda has an estimate and its reason; where the format sets the credit, neither is needed."""
    a = plan.activity
    if a.kind in BY_WORK:
        return _finding(plan, Section.AGENDA, True, _("What counts is set by its format"), proof=a.learning_format)
    ok = bool(plan.education) or bool(a.estimated_minutes and a.estimate_basis.strip())
    return _finding(
        plan, Section.AGENDA, ok, _("How long it takes is estimated, and it says how"),
        anchor="id_estimated_minutes" if not a.estimated_minutes else "id_estimate_basis", rules=("AMA-CALC-6",),
        proof=_sessions(plan) or (_("%(n)d minutes") % {"n": a.estimated_minutes} if a.estimated_minutes else ""),
        ask=_("How long does a typical physician take?"), tip=_("Let three colleagues try it and take the middle, or count words."),
    )  # fmt: skip


def _sessions(plan: Plan) -> str:
    return _("%(n)d sessions of education") % {"n": len(plan.education)} if plan.education else ""


@check("APP-10", gates=(*PLANNING, "session"))
def check_sessions_titled(plan: Plan) -> Finding | None:
    slots = _of_gate(plan)
    if not slots:
        return None
    nameless = [s for s in slots if not s.session.title.strip()]
    return _finding(
        plan, Section.AGENDA, not nameless, _("Every session has a title"),
        anchor=f"id_s{nameless[0].session.pk}-title" if nameless else "", slot=nameless[0].session.pk if nameless else 0,
    )  # fmt: skip


@check("APP-10", gates=(*PLANNING, "session"))
def check_sessions_have_speakers(plan: Plan) -> Finding | None:
    """A series names its speakers week by week: asked for at each session, not at submission."""
    slots = _of_gate(plan)
    if not slots or (plan.activity.is_series and plan.session is None):
        return None
    silent = [s for s in slots if not s.roles]
    return _finding(
        plan, Section.AGENDA, not silent, _("Every session has its faculty"), proof=_named(s.session.title for s in silent),
        slot=silent[0].session.pk if silent else 0,
    )  # fmt: skip


def _of_gate(plan: Plan) -> list[SlotFacts]:
    if plan.session is None:
        return plan.education
    return [s for s in plan.education if s.session.pk == plan.session.pk]


@check("APP-10", gates=PLANNING)
def check_times(plan: Plan) -> Finding | None:
    a = plan.activity
    if not plan.slots or not a.starts_on or not a.ends_on:
        return None
    outside = [s for s in plan.slots if not a.starts_on <= plan.local(s.session.starts_at).date() <= a.ends_on]
    return _finding(
        plan, Section.AGENDA, not outside, _("Every session lies between the first and the last day"),
        slot=outside[0].session.pk if outside else 0, proof=_named(s.session.title for s in outside), failed=True,
    )  # fmt: skip


@check("APP-10", gates=(*PLANNING, "session"))
def check_one_place_at_a_time(plan: Plan) -> Finding | None:
    """Nobody speaks in two sessions at once."""
    if not plan.faculty:
        return None
    mine: dict[int, list[agendas.Slot]] = {}
    for s in plan.education:
        for role in s.roles:
            mine.setdefault(role.person_id, []).append(s.slot)
    names = {r.person_id: r.person.full_name for r in plan.roles}
    clashes = [
        _("%(name)s: %(a)s and %(b)s") % {"name": names[who], "a": a.title, "b": b.title}
        for who, slots in mine.items() for a, b in agendas.overlapping({s.id: s for s in slots}.values())
    ]  # fmt: skip
    return _finding(
        plan,
        Section.AGENDA,
        not clashes,
        _("Nobody speaks in two sessions at once"),
        proof=_named(clashes),
        failed=True,
        anchor="agenda",
    )


@check("CORE-4", "APP-10", gates=PLANNING)
def check_threads_whole(plan: Plan) -> Finding | None:
    """Every objective is taught somewhere. A series has objectives once, not per session (CORE-13)."""
    if plan.activity.is_series or plan.activity.is_any_time or not plan.objectives:
        return None
    untaught = [o for o in plan.objectives if not plan.sessions_of(o)]
    names = _numbers(plan, untaught)
    title = _("Every objective is taught in a session")
    if len(names) == 1:
        title = _("%(objective)s has no session") % {"objective": names[0]}
    elif names:
        title = _("%(n)d objectives have no session") % {"n": len(names)}
    return _finding(
        plan, Section.AGENDA, not untaught, title, proof=_named(names) if len(names) > 1 else "", anchor="agenda",
        ask=_("Where is each objective taught?"), tip=_("Tick the objectives in the session that teaches them."),
    )  # fmt: skip


@check("APP-11", gates=PLANNING, group="Credit and wording")
def check_credit_asked(plan: Plan) -> Finding:
    return _finding(
        plan,
        Section.AGENDA,
        bool(plan.activity.credit_types),
        _("The credit asked for is named"),
        anchor="id_credit_types_0",
    )


# --- format: APP-6, APP-7, APP-8 ---------------------------------------------------------------------


@check("CORE-5", "APP-6", gates=PLANNING)
def check_designed_to_change(plan: Plan) -> Finding:
    a = plan.activity
    return _finding(
        plan, Section.FORMAT, bool(a.designed_to_change and a.change_text.strip()), _("It says what it is designed to change"),
        anchor="id_designed_to_change_0" if not a.designed_to_change else "id_change_text",
        ask=_("What will be different?"), tip=_("Knowledge alone is not enough: competence, performance or patient outcomes."),
    )  # fmt: skip


@check("CORE-6", "APP-7", gates=PLANNING)
def check_format(plan: Plan) -> Finding:
    a = plan.activity
    return _finding(
        plan, Section.FORMAT, bool(a.methods and a.format_reason.strip()), _("The methods fit, and it says why"),
        anchor="id_methods_0" if not a.methods else "id_format_reason",
        ask=_("Why this format?"), tip=_("Skills need practice: a lecture alone rarely changes what people do."),
    )  # fmt: skip


@check("CORE-7", "APP-8", gates=PLANNING)
def check_competencies(plan: Plan) -> Finding:
    return _finding(
        plan,
        Section.FORMAT,
        bool(plan.activity.competencies),
        _("At least one competency is named"),
        anchor="id_competencies_0",
    )


# --- evaluation: APP-12 ------------------------------------------------------------------------------


@check("APP-12", gates=PLANNING)
def check_evaluation(plan: Plan) -> Finding:
    a = plan.activity
    return _finding(
        plan, Section.EVALUATION, bool(a.evaluation_tools and a.evaluation_text.strip()), _("It says how the change will be measured"),
        anchor="id_evaluation_tools_0" if not a.evaluation_tools else "id_evaluation_text",
        ask=_("How will we know?"), tip=_("Name what you will look at, and when: ninety days, six months, next year’s audit."),
    )  # fmt: skip


@check("CORE-8", "APP-12", gates=PLANNING)
def check_evaluation_level(plan: Plan) -> Finding:
    level = plan.activity.evaluation_level
    return _finding(
        plan, Section.EVALUATION, level in _SHOWS_CHANGE, _("The evaluation reaches competence or more"), anchor="id_evaluation_level_0",
        failed=bool(level), proof=str(MooreLevel(level).label) if level else "",
        ask=_("Does it show change?"), tip=_("Satisfaction and knowledge say nothing about what people will do."),
    )  # fmt: skip


# --- sign and send: APP-16 ---------------------------------------------------------------------------


@check("SII-1", "SII-2.1", "SII-2.2", "CME-REC-5", gates=PLANNING)
def check_attested(plan: Plan) -> Finding:
    a = plan.activity
    ok = a.attest_independent and a.attest_no_marketing and a.attest_valid_content and a.attest_privacy
    return _finding(
        plan,
        Section.SIGN,
        ok,
        _("The director attests independence, balance and privacy"),
        anchor="id_attest_independent",
        who="director",
    )


@check("APP-16", gates=PLANNING)
def check_signed(plan: Plan) -> Finding:
    a = plan.activity
    return _finding(
        plan, Section.SIGN, a.signed_at is not None, _("The activity director signed"), anchor="id_signed_name", proof=a.signed_name, who="director",
    )  # fmt: skip


@check("WF-1", gates=("submission",))
def check_requests_answered(plan: Plan) -> Iterable[Finding]:
    """What the office asked for is answered before the application goes back."""
    for request in plan.open_requests:
        if request.answered_at is None:
            section = Section(request.section)
            yield _finding(
                plan,
                section,
                False,
                _("The office’s request is answered"),
                proof=request.text,
                anchor=f"request-{request.pk}",
            )


# --- designation ---------------------------------------------------------------------------------------


@check("AMA-CORE-1", gates=("designation",), group="Credit and wording")
def check_designated_before_start(plan: Plan) -> Finding:
    start = plan.starts_at
    ok = start is not None and clock.now() < start
    return _finding(
        plan,
        Section.AGENDA,
        ok,
        _("Credit is designated before the first session"),
        anchor="agenda",
        failed=True,
        who="staff",
    )
