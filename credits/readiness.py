"""What the gates ask about credit and wording (WF-3, 4, 5)."""

import re

from activities.domain.plan import Plan
from activities.enums import BY_ASSESSMENT, Section
from common import clock
from common.findings import Finding, Level, check
from common.templatetags.cme import local
from credits.documents import statements as wording
from credits.domain import designations

GROUP = "Credit and wording"
# AMA-TM-1 and AMA-PUB-1: what published text never says.
FORBIDDEN = (
    (
        re.compile(r"(?<!AMA PRA )(?<!AAPA )(?<!AOA )Category 1\b", re.I),
        "AMA-TM-1",
        "“Category 1” stands only in “AMA PRA Category 1 Credit(s)™”.",
    ),
    (
        re.compile(r"\bCME (hours|credits?)\b|\bACCME credit", re.I),
        "AMA-TM-1",
        "Say “AMA PRA Category 1 Credit(s)™”, not “CME hours” or “ACCME credit”.",
    ),
    (
        re.compile(r"credits? pending|applied for|has been submitted for", re.I),
        "AMA-PUB-1",
        "Never “credit pending” or “applied for”.",
    ),
    (
        re.compile(r"\bjoint(ly)?[ -]sponsor(ship|ed|s|ing)?\b|\bEssential Areas\b", re.I),
        "ST-7",
        "Old words; the statement says “joint providership”.",
    ),
)


@check("AMA-CALC-1", "AMA-CALC-2", "AMA-CALC-3", "AMA-CALC-4", gates=("approval", "designation"), group=GROUP)
def check_credit_follows_from_agenda(plan: Plan) -> Finding | None:
    """WF-3: the credit asked for can be computed, and says how."""
    found = designations.proposed(plan)
    if not found:
        return None
    best = found[0]
    level: Level = "passed" if best.maximum > 0 else "failed"
    where = "the agenda" if plan.education else "the estimate" if best.each is None else "the format"
    title = (
        f"{best.maximum:.2f} credits {'each ' if best.each else 'a session ' if best.per else ''}follow from {where}"
    )
    return Finding(best.rules, level, title, best.sentence, section=Section.AGENDA, group=GROUP)


@check("IP-3", "JA-4", gates=("approval",), group=GROUP)
def check_types_can_be_awarded(plan: Plan) -> Finding | None:
    """WF-3: every type asked for can be awarded here, by us and with the planners it wants."""
    asked = [option for option in designations.options(plan) if option.asked]
    if not asked:
        return None
    blocked = [option for option in asked if option.blocked]
    proof = " ".join(sentence for option in blocked for sentence in option.blocked)
    return Finding(
        ("IP-3", "JA-4"), "missing" if blocked else "passed", "Every credit type asked for can be awarded",
        proof or ", ".join(option.kind.name for option in asked), section=Section.AGENDA, anchor="id_credit_types_0", group=GROUP,
    )  # fmt: skip


@check("AMA-FMT-2", "WF-5", gates=("publication",), group=GROUP)
def check_mark_to_pass(plan: Plan) -> Finding | None:
    """AMA-FMT-2, AMA-FMT-3: a minimum performance level, set and told beforehand."""
    if plan.activity.kind not in BY_ASSESSMENT:
        return None
    marks = {r.details.get("pass_mark", "") for r in designations.of_plan(plan)}
    ok = bool(marks) and all(marks)
    proof = (
        f"{', '.join(sorted(marks))}% passes; learners read it before they begin."
        if ok
        else "No mark was set with the designation."
    )
    return Finding(
        ("AMA-FMT-2",), "passed" if ok else "missing", "What passes the assessment is set and told beforehand", proof, group=GROUP, who="staff",
    )  # fmt: skip


@check("AMA-CORE-1", "WF-4", gates=("publication",), group=GROUP)
def check_designated_before_the_start(plan: Plan) -> Finding:
    """WF-4: certified in advance, never retroactive."""
    activity, starts = plan.activity, plan.starts_at
    if activity.designated_at is None:
        return Finding(
            ("AMA-CORE-1", "WF-4"),
            "missing",
            "Credit is designated before the start",
            "Not designated yet.",
            group=GROUP,
            who="staff",
        )
    early = starts is None or activity.designated_at < starts
    proof = f"Designated {local(activity.designated_at, activity.zone)}."
    return Finding(
        ("AMA-CORE-1",),
        "passed" if early else "failed",
        "Credit is designated before the start",
        proof,
        group=GROUP,
        who="staff",
    )


@check("ST-7", "AMA-DES-1", gates=("publication",), group=GROUP)
def check_statements_are_verbatim(plan: Plan) -> Finding:
    """WF-5: the accreditation statement of the provider's mode and the designation statement, word for word."""
    rows = designations.of_plan(plan)
    title = "Accreditation and designation statements are verbatim"
    rule = ("ST-7", "AMA-DES-1")
    if not rows:
        if plan.activity.designated_at is not None:  # participation only: no credit, so no statement about it
            return Finding(rule, "not_applicable", title, "No credit is offered.", group=GROUP, who="staff")
        return Finding(rule, "missing", title, "Nothing is designated yet.", group=GROUP, who="staff")
    wrong = [
        r
        for r in rows
        if r.accreditation_statement != designations.accreditation(plan, r.credit_type)
        or r.statement != wording.designation(plan.activity, r.credit_type, r.maximum, details=r.details)
    ]
    proof = (
        "The wording changed since the designation; designate again."
        if wrong
        else "Rendered from the wording of the day."
    )
    return Finding(rule, "failed" if wrong else "passed", title, proof, group=GROUP, who="staff")


@check("ST-7", "ST-2", gates=("publication",), group=GROUP)
def check_statement_names_joint_providers(plan: Plan) -> Finding | None:
    """ST-7: the statement that was frozen with the credit names every joint provider that is not accredited."""
    rows = designations.of_plan(plan)
    if not rows or not plan.non_accredited:
        return None
    names = [j.organisation.name for j in plan.non_accredited]
    own = [
        r for r in rows if not designations.has_own_term(plan, r.credit_type)
    ]  # the statement of the provider's accreditation
    unnamed = [n for n in names if not all(_names(r.accreditation_statement, n) for r in own)]
    proof = wording.listed(names)
    if unnamed:
        proof = f"Not named: {wording.listed(unnamed)}. The list changed since the designation; designate again."
    elif not wording.accreditation_is_confirmed(joint=True):
        proof += ". Our copy of this wording is not confirmed: compare it with your accreditor’s before publishing."
    title = "The accreditation statement names every joint provider"
    return Finding(("ST-7", "ST-2"), "failed" if unnamed else "passed", title, proof, group=GROUP, who="staff")


def _names(statement: str, name: str) -> bool:
    """Whether a list in the statement has the whole name: "Harbor" is not in "Harbor Hospital"."""
    plain = re.escape(name.removesuffix("."))
    return bool(re.search(rf"(?:, |\band |\bby |\bof ){plain}(?=[,.]| and )", statement))


@check("AMA-DES-4", "WF-11", gates=("publication",), group=GROUP)
def check_designation_matches_agenda(plan: Plan) -> Finding | None:
    """WF-11: the agenda has not changed since the credit was fixed."""
    wanted = {p.credit_type.code: p.maximum for p in designations.proposed(plan)}
    rows = {r.credit_type_id: r.maximum for r in designations.of_plan(plan)}
    if not rows:
        return None
    changed = [code for code, amount in rows.items() if wanted.get(code) != amount]
    proof = (
        "The agenda comes to a different amount now; designate again."
        if changed
        else "Unchanged since the designation."
    )
    return Finding(
        ("WF-11", "AMA-DES-4"),
        "failed" if changed else "passed",
        "The designated credit is that of the agenda",
        proof,
        group=GROUP,
        who="staff",
    )


@check("AMA-DES-4", "AMA-CORE-1", gates=("change",), group=GROUP)
def check_change_keeps_credit(plan: Plan) -> Finding | None:
    """WF-11: another amount is designated before the start; once it has begun, what was designated stands."""
    rows = designations.of_plan(plan)
    if not rows:
        return None
    wanted = {p.credit_type.code: p for p in designations.proposed(plan)}
    differing = [r for r in rows if r.credit_type_id not in wanted or wanted[r.credit_type_id].maximum != r.maximum]
    title = "The designated credit is that of the agenda"
    if not differing:
        return Finding(("AMA-DES-4",), "passed", title, "Unchanged since the designation.", group=GROUP, who="staff")
    amounts = "; ".join(
        f"{r.maximum:.2f} designated, {p.maximum if (p := wanted.get(r.credit_type_id)) else 0:.2f} follow from the agenda now"
        for r in differing
    )
    if plan.starts_at is not None and plan.starts_at <= clock.now():
        proof = f"{amounts}. It has begun, so what was designated stands; nobody can claim more than their sessions support."
        return Finding(("AMA-CORE-1",), "not_applicable", title, proof, group=GROUP, who="staff")
    return Finding(("AMA-DES-4", "WF-11"), "failed", title, f"{amounts}. Designate again.", group=GROUP, who="staff")


@check("AMA-TM-1", "AMA-PUB-1", gates=("approval", "publication", "change"), group=GROUP)
def check_published_words(plan: Plan) -> Finding:
    """What learners will read uses the AMA's phrase as the AMA writes it."""
    text = " ".join(
        [
            plan.activity.title,
            plan.activity.summary,
            *(s.session.title for s in plan.slots),
            *(o.text for o in plan.objectives),
        ]
    )
    for pattern, rule, sentence in FORBIDDEN:
        hit = pattern.search(text)
        if hit:
            return Finding(
                (rule,),
                "failed",
                "Published text uses the words of today" if rule == "ST-7" else "Published text uses the AMA’s phrase",
                f"“{hit.group(0)}”: {sentence}",
                section=Section.BASICS,
                anchor="id_summary",
                group=GROUP,
            )
    return Finding(
        ("AMA-TM-1", "AMA-PUB-1"),
        "passed",
        "Published text uses the AMA’s phrase",
        "Title, summary, sessions and objectives were read.",
        group=GROUP,
    )
