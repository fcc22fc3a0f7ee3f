"""What a person may claim: facts in, verdicts with reasons out. Pure; every number here is a regulated one (law 1).

One function answers the claim page, the claim itself and "why don't I have this credit?".

What can be claimed once is a session that somebody attended, or a piece of work that somebody completed: an
assessment passed, a stage of a PI activity, a review an editor approved, a session taught. Each gives minutes, or an
amount of its own; each credit type turns the same minutes into its own credit (IP-2). The facts and answers are in
credits/entitlement.py.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from credits.arithmetic import ZERO, minutes_for
from credits.entitlement import (
    STAGES,
    TIMED,
    Blocker,
    Busy,
    ChoiceError,
    Computed,
    CreditFacts,
    Facts,
    LeftOut,
    Line,
    SessionFacts,
    SessionVerdict,
    Total,
    WorkFacts,
    WorkKind,
    WorkVerdict,
)

__all__ = [
    "CLAIMABLE_STATUSES", "Blocker", "ChoiceError", "Computed", "CreditFacts", "Facts", "Line", "SessionFacts", "SessionVerdict", "Total",
    "WorkFacts", "WorkVerdict", "blockers", "clashes", "compute", "prefill", "prefill_works", "supported_minutes", "verdict", "work_verdict",
]  # fmt: skip

CLAIMABLE_STATUSES = frozenset({"published", "ended", "closing"})
WHOLE = Decimal("1.00")
TAUGHT = "You taught this session: claim for teaching it or for attending it, not both (AMA-FMT-1T)."


@dataclass(frozen=True)
class Pick:
    """A session or piece of work that somebody chose, with the minutes chosen; `whole`: all that it is."""

    session: SessionFacts | None
    work: WorkFacts | None
    minutes: int
    whole: bool

    @property
    def key(self) -> tuple[int | None, int | None]:
        return (self.session.id if self.session else None, self.work.id if self.work else None)

    def counts_for(self, credit: CreditFacts) -> bool:
        """Whether this credit type counts it and it was not claimed of that family before."""
        if self.work is not None:
            return credit.takes(self.work) and credit.kin not in self.work.taken
        assert self.session is not None
        return credit.covers_session(self.session) and credit.kin not in self.session.claimed

    def line(self, credit: CreditFacts, credits: Decimal | None) -> Line:
        return Line(credit.code, *self.key, self.minutes, credits)


# --- what is supported ---------------------------------------------------------------------------------


def supported_minutes(session: SessionFacts) -> int:
    """Minutes of the session that the evidence supports: the best single way of knowing, never more than it lasted.

    Ways of knowing are not added up: a code and a roster for the same hour are one hour.
    """
    best = max((session.minutes if e.minutes is None else e.minutes for e in session.evidence), default=0)
    return min(best, session.minutes)


def blockers(facts: Facts) -> list[Blocker]:
    """Why this person cannot claim anything in this activity now (WF-7); empty when a claim can be made."""
    found = []
    if facts.activity_status not in CLAIMABLE_STATUSES:
        found.append(Blocker("not_open", "WF-7", "This activity is not open for claims."))
    if not facts.credits:
        found.append(
            Blocker("not_designated", "IP-1", "No credit that fits your profession was designated for this activity.")
        )
    always = bool(facts.credits) and all(c.needs == "evaluation" for c in facts.credits)
    if (facts.evaluation_required or always) and not facts.evaluation_done:
        found.append(Blocker("evaluation", "AMA-CLAIM-1", "Answer the evaluation first. It takes about a minute."))
    verdicts: list[SessionVerdict | WorkVerdict] = [verdict(facts, s) for s in facts.sessions]
    verdicts += [work_verdict(facts, w) for w in facts.works]
    if not any(v.is_claimable for v in verdicts):
        found.append(_nothing_claimable(facts, verdicts))
    return found


def verdict(facts: Facts, session: SessionFacts) -> SessionVerdict:
    """What one session supports for this person, with the reason in a sentence."""
    covering = [c for c in facts.credits if c.covers_session(session)]
    if facts.credits and not covering:
        return SessionVerdict(session, "not_covered", "No credit of yours was designated for this session.")
    if covering and all(c.kin in session.claimed for c in covering):
        return SessionVerdict(session, "claimed", "Claimed already.")
    if session.cancelled:
        return SessionVerdict(session, "cancelled", "This session was cancelled.")
    if facts.now < facts.opens_at(session):
        return SessionVerdict(session, "not_yet", "Credit can be claimed when the session ends.")
    if facts.now > facts.accepts_until(session):
        return SessionVerdict(session, "closed", "The time to claim has passed.")
    minutes, lead = supported_minutes(session), facts.lead
    if not minutes:
        return SessionVerdict(session, "no_evidence", "We found no check-in under your name.")
    if lead is not None and lead.follows and lead.follows not in {c.code for c in facts.credits}:
        # Claimed by itself, after the credit that it follows (MOC-5): never for more than that was claimed for.
        minutes = min(minutes, session.held.get(lead.follows, 0))
        if not minutes:
            return SessionVerdict(session, "refused", f"{_start(lead.name)} follow the credit that you claim first.")
    cap = _cap(lead, minutes)
    reason = f"All {minutes} minutes" if minutes == session.minutes else f"{minutes} of {session.minutes} minutes"
    if minutes < session.minutes and lead is not None and lead.measure == "credit":
        reason += f", so up to {cap}"
    return SessionVerdict(session, "claimable", reason, minutes, cap)


def work_verdict(facts: Facts, work: WorkFacts) -> WorkVerdict:
    """What one piece of work supports for this person, with the reason in a sentence."""
    takers = [c for c in facts.credits if c.takes(work)]
    if not takers:
        return WorkVerdict(work, "not_covered", "No credit of yours was designated for this.")
    if all(c.kin in work.taken for c in takers):
        return WorkVerdict(work, "claimed", "Claimed already.")
    if not work.accepted or work.repeated:
        return WorkVerdict(work, "refused", _refusal(work))
    if work.session is not None and work.session.cancelled:
        return WorkVerdict(work, "cancelled", "This session was cancelled.")
    if facts.now < work.at:
        return WorkVerdict(work, "not_yet", "Credit can be claimed when it is over.")
    if facts.now > facts.work_accepts_until(work):
        return WorkVerdict(work, "closed", "The time to claim has passed.")
    lacking = _missing_stage(facts, work)
    if lacking:
        return WorkVerdict(work, "refused", f"Stage {lacking[-1].upper()} comes first, and we have no record of it.")
    if work.kind in TIMED:
        lead = facts.lead or takers[0]
        return WorkVerdict(work, "claimable", _done(work), work.minutes, _cap(lead, work.minutes), lead.measure)
    return WorkVerdict(work, "claimable", _done(work), work.minutes, _pieces(facts, takers[0], [work])[0])


def prefill(facts: Facts) -> dict[int, Decimal]:
    """What to offer per session: all that is supported; of sessions that overlap, those that come to most (AMA-CALC-4)."""
    claimable = [v for v in (verdict(facts, s) for s in facts.sessions) if v.is_claimable]
    taught = [w.session for w in facts.works if w.session is not None and work_verdict(facts, w).is_claimable]
    taken = [*facts.busy, *(Busy(s.title, s.starts_at, s.ends_at, s.minutes) for s in taught)]
    kept = _best(claimable, taken, by_credit=facts.lead is not None and facts.lead.per_session)
    return {v.session.id: v.cap if v.session.id in kept else ZERO for v in claimable}


def prefill_works(facts: Facts) -> dict[int, Decimal]:
    """What to offer per piece of work: all that is claimable."""
    return {v.work.id: v.cap for v in (work_verdict(facts, w) for w in facts.works) if v.is_claimable}


# --- what is claimed -----------------------------------------------------------------------------------


def compute(facts: Facts, choices: Mapping[int, Decimal], works: Mapping[int, Decimal] | None = None) -> Computed:
    """Turn what was chosen into lines and a total per credit type. Raises ChoiceError naming what cannot stand.

    A session left at its cap counts its supported minutes, a lowered one the minutes chosen; each type rounds its total
    once for a course and per session for a series (decision 7), capped by what is left of its designation.
    """
    if not facts.credits:
        raise ChoiceError()
    picks, tiny, errors = _picked(facts, choices)
    done, work_errors = _picked_works(facts, works or {})
    taught = {p.session.id for p in done if p.session is not None}
    clashes, work_clashes = _clashes([*done, *picks], facts.busy)
    errors = (
        clashes | {p.session.id: TAUGHT for p in picks if p.session is not None and p.session.id in taught} | errors
    )
    work_errors = work_clashes | work_errors
    if errors or work_errors:
        raise ChoiceError(errors, work_errors)
    picks += _short_ones(facts, tiny, [*picks, *done])
    return _totals(facts, [*picks, *done])


def _picked(facts: Facts, choices: Mapping[int, Decimal]) -> tuple[list[Pick], list[SessionVerdict], dict[int, str]]:
    """The sessions chosen, those too short to be chosen by themselves, and what is wrong with a choice."""
    picks: list[Pick] = []
    tiny: list[SessionVerdict] = []
    errors: dict[int, str] = {}
    for session in facts.sessions:
        value = choices.get(session.id)
        if value is None:
            continue
        found = verdict(facts, session)
        if value == 0:
            if found.is_claimable and found.cap == 0:
                tiny.append(found)
            continue
        minutes, problem = _chosen(facts, value, found)
        if problem:
            errors[session.id] = problem
        else:
            picks.append(Pick(session, None, minutes, minutes == session.minutes))
    return picks, tiny, errors


def _picked_works(facts: Facts, chosen: Mapping[int, Decimal]) -> tuple[list[Pick], dict[int, str]]:
    """The pieces of work chosen, in the order they were done, and what is wrong with a choice."""
    picks: list[Pick] = []
    errors: dict[int, str] = {}
    for work in sorted(facts.works, key=lambda w: (w.at, w.id)):
        value = chosen.get(work.id, ZERO)
        if value == 0:
            continue
        minutes, problem = _chosen(facts, value, work_verdict(facts, work))
        if problem:
            errors[work.id] = problem
        else:
            picks.append(Pick(work.session, work, minutes, minutes == work.minutes))
    return picks, errors


def _chosen(facts: Facts, value: Decimal, found: SessionVerdict | WorkVerdict) -> tuple[int, str]:
    """The minutes that a choice stands for, or why it cannot stand."""
    if not found.is_claimable:
        return 0, found.reason
    lead = facts.lead
    measure = found.measure if isinstance(found, WorkVerdict) else lead.measure if lead else "whole"
    if lead is None or measure == "whole":
        return found.minutes, ""
    if value < 0 or value % (1 if measure == "minutes" else lead.increment):
        return 0, "Write whole minutes." if measure == "minutes" else f"Choose in steps of {lead.increment}."
    if value > found.cap:
        return 0, f"At most {found.cap}{' minutes' if measure == 'minutes' else ''}: {found.reason}."
    if value == found.cap:
        return found.minutes, ""
    return (int(value) if measure == "minutes" else minutes_for(value, lead.hour, lead.rounding)), ""


def _short_ones(facts: Facts, tiny: Sequence[SessionVerdict], picks: Sequence[Pick]) -> list[Pick]:
    """Sessions too short for a quarter by themselves still count in a total that is rounded once (AMA-CALC-2).

    They are not chosen one by one: they count along with what was chosen, or where there is nothing longer to choose.
    """
    lead = facts.lead
    longer = any(v.is_claimable and v.cap > 0 for v in (verdict(facts, s) for s in facts.sessions))
    if lead is None or lead.per_session or (longer and not picks):
        return []
    taken = [_busy(p.session, p.minutes) for p in picks if p.session is not None]
    taught = {b.session_id for b in taken}
    kept = _best([v for v in tiny if v.session.id not in taught], [*taken, *facts.busy], by_credit=False)
    return [Pick(v.session, None, v.minutes, v.minutes == v.session.minutes) for v in tiny if v.session.id in kept]


def _totals(facts: Facts, picks: Sequence[Pick]) -> Computed:
    totals: list[Total] = []
    left_out: list[LeftOut] = []
    for credit in facts.credits if picks else ():
        followed = next((t for t in totals if t.code == credit.follows), None)
        found = _total(facts, credit, picks, followed)
        if isinstance(found, LeftOut):
            left_out.append(found)
        else:
            totals.append(found)
    return Computed(tuple(totals), tuple(left_out))


def _total(facts: Facts, credit: CreditFacts, picks: Sequence[Pick], followed: Total | None) -> Total | LeftOut:
    if credit.needs == "evaluation" and not facts.evaluation_done:
        return LeftOut(credit.code, f"{_start(credit.name)} need the evaluation first.")
    if credit.needs == "passed" and not facts.passed:
        return LeftOut(credit.code, f"{_start(credit.name)} need the assessment passed.")
    mine = [p for p in picks if p.counts_for(credit)]
    if credit.partial == "none" and mine:
        mine = [p for p in mine if p.whole]
        if not mine:
            return LeftOut(credit.code, f"Only whole sessions count for {credit.name}.")
    if credit.follows:
        mine = _following(credit, mine, followed)
        if not mine:
            return LeftOut(
                credit.code, f"{_start(credit.name)} follow the credit you claim; none of it is claimed here."
            )
    if not mine:
        return LeftOut(credit.code, f"Nothing of this counts for {credit.name}.")
    if not credit.awards:
        return Total(
            credit.code, sum(p.minutes for p in mine), ZERO, _named(credit, len(mine)), _sum(mine), _lines(credit, mine)
        )
    if not credit.timed:
        return _by_piece(credit, mine, _pieces(facts, credit, [p.work for p in mine if p.work is not None]))
    if credit.per_session:
        return _by_piece(credit, mine, [_one_session(credit, p, followed) for p in mine])
    return _rounded_once(credit, mine, followed)


def _rounded_once(credit: CreditFacts, mine: Sequence[Pick], followed: Total | None) -> Total | LeftOut:
    """Decision 7, a course: minutes are summed first, rounded once, then capped; with those claimed before, so that it
    comes to the same however it is split into claims (AMA-CALC-2)."""
    minutes, sentence = sum(p.minutes for p in mine), _sum(mine)
    amount, left = credit.round(minutes), credit.maximum - credit.already
    if credit.already_minutes and not credit.teaching:
        amount = credit.round(credit.already_minutes + minutes) - credit.already
        sentence = f"{sentence} With the {credit.already_minutes} minutes claimed before it comes to {amount + credit.already}."
    if amount <= 0 < left:
        return LeftOut(credit.code, f"Too short for {credit.name}.")
    if amount > left:
        amount, sentence = left, f"{sentence} Not more than the {credit.maximum} designated."
    if credit.follows:
        other = credit.followed + (followed.credits if followed else ZERO) - credit.already
        if amount > other:
            amount, sentence = other, f"{sentence} Not more than the credit claimed."
    if amount <= 0:
        return LeftOut(credit.code, f"You hold all of it: {credit.already}.")
    if amount + credit.already < credit.minimum:
        return LeftOut(credit.code, f"{_start(credit.name)} begin at {credit.minimum}; this comes to {amount}.")
    return Total(credit.code, minutes, amount, credit.maximum, sentence, _lines(credit, mine))


def _by_piece(credit: CreditFacts, mine: Sequence[Pick], amounts: Sequence[Decimal]) -> Total | LeftOut:
    """Each session of a series and each piece of work has its own amount and its own cap."""
    left = credit.maximum * len(mine) if credit.per_session else credit.maximum - credit.already
    kept: list[tuple[Pick, Decimal]] = []
    for pick, amount in zip(mine, amounts, strict=True):
        amount = min(amount, credit.maximum, left)
        if amount > 0 and amount >= credit.minimum:
            kept.append((pick, amount))
            left -= amount
    if not kept:
        used_up = not credit.per_session and credit.already >= credit.maximum
        return LeftOut(
            credit.code, f"You hold all of it: {credit.already}." if used_up else f"Too short for {credit.name}."
        )
    total, minutes = sum((a for _p, a in kept), ZERO), sum(p.minutes for p, _a in kept)
    if not credit.timed:
        sentence = f"{' + '.join(str(a) for _p, a in kept)} = {total}." if len(kept) > 1 else f"{total}."
    else:
        sentence = f"{len(kept)} sessions, each rounded by itself." if len(kept) > 1 else f"{minutes} minutes."
    lines = tuple(p.line(credit, a) for p, a in kept)
    return Total(credit.code, minutes, total, _named(credit, len(kept)), sentence, lines)


def clashes(facts: Facts, minutes: Mapping[int, int]) -> list[str]:
    """Why minutes of sessions cannot be held beside what is claimed elsewhere (AMA-CALC-4); empty when the clock has room."""
    picks = [Pick(s, None, minutes[s.id], minutes[s.id] == s.minutes) for s in facts.sessions if s.id in minutes]
    return list(_clashes(picks, facts.busy)[0].values())


# --- small rules ---------------------------------------------------------------------------------------


def _named(credit: CreditFacts, pieces: int) -> Decimal:
    """The designated maximum behind a total: of the activity, or of so many sessions or pieces (AMA-CERT-2)."""
    return credit.maximum * pieces if credit.per_session else credit.maximum


def _lines(credit: CreditFacts, mine: Sequence[Pick]) -> tuple[Line, ...]:
    return tuple(p.line(credit, ZERO if credit.per_session else None) for p in mine)


def _sum(mine: Sequence[Pick]) -> str:
    minutes = sum(p.minutes for p in mine)
    parts = " + ".join(str(p.minutes) for p in mine)
    return f"{parts} = {minutes} minutes, rounded once." if len(mine) > 1 else f"{minutes} minutes."


def _one_session(credit: CreditFacts, pick: Pick, followed: Total | None) -> Decimal:
    """One session of a series, rounded by itself; where it follows another type, never more than that line holds."""
    amounts = [credit.round(pick.minutes)]
    if followed is not None:
        amounts += [
            x.credits for x in followed.lines if (x.session_id, x.work_id) == pick.key and x.credits is not None
        ]
    return min(amounts)


def _following(credit: CreditFacts, mine: Sequence[Pick], followed: Total | None) -> list[Pick]:
    """The picks of which the followed type is claimed too, now or before, never for more minutes (MOC-5)."""
    now = {(x.session_id, x.work_id): x.minutes for x in followed.lines} if followed else {}
    kept = []
    for pick in mine:
        before = pick.session.held.get(credit.follows, 0) if pick.session else 0
        minutes = min(pick.minutes, now.get(pick.key, before))
        if minutes:
            kept.append(Pick(pick.session, pick.work, minutes, pick.whole))
    return kept


def _pieces(facts: Facts, credit: CreditFacts, works: Sequence[WorkFacts]) -> list[Decimal]:
    """What each piece of work adds: by its minutes for teaching, by the format's own amounts for the rest."""
    if credit.work is None:
        return [credit.round(w.minutes) for w in works]
    held = sum(credit.kin in w.taken for w in facts.works if w.kind in credit.work.sequence)
    return [credit.work.amount(held + n + 1) - credit.work.amount(held + n) for n in range(len(works))]


def _missing_stage(facts: Facts, work: WorkFacts) -> str:
    """The stage that must be complete before this one and is not: it starts with A, in sequence (AMA-FMT-6)."""
    before = STAGES[: STAGES.index(work.kind)] if work.kind in STAGES else ()
    complete = {w.kind for w in facts.works if w.accepted and w.at <= work.at}
    return next((stage for stage in before if stage not in complete), "")


def _cap(credit: CreditFacts | None, minutes: int) -> Decimal:
    """The most of one session, in the credit type's measure."""
    if credit is None:
        return ZERO
    if credit.measure == "credit":
        return min(credit.round(minutes), credit.maximum)
    return Decimal(minutes) if credit.measure == "minutes" else WHOLE


# --- the clock -----------------------------------------------------------------------------------------


def _best(found: Sequence[SessionVerdict], busy: Sequence[Busy], *, by_credit: bool) -> set[int]:
    """The sessions without overlap that come to most: one person sits in one room (weighted interval scheduling)."""
    free = [v for v in found if not any(_overlap(v.session, b) for b in busy if b.session_id != v.session.id)]
    ordered = sorted(free, key=lambda v: (v.session.ends_at, v.session.starts_at, v.session.id))
    best: list[tuple[Decimal, int, tuple[int, ...]]] = [(ZERO, 0, ())]
    for i, v in enumerate(ordered):
        earlier = sum(o.session.ends_at <= v.session.starts_at for o in ordered[:i])
        amount, minutes, ids = best[earlier]
        taken = (amount + (v.cap if by_credit else ZERO), minutes + v.minutes, (*ids, v.session.id))
        best.append(taken if taken[:2] > best[-1][:2] else best[-1])
    return set(best[-1][2])


def _clashes(picks: Sequence[Pick], busy: Sequence[Busy]) -> tuple[dict[int, str], dict[int, str]]:
    """Sessions and pieces of work for which the clock has no room beside those before them (AMA-CALC-4).

    Nobody sits in two rooms; who left one early may claim the rest of that time in the other. In no span of the clock
    may the minutes be more than it has.
    """
    sessions: dict[int, str] = {}
    works: dict[int, str] = {}
    spans = list(busy)
    for pick in picks:
        if pick.session is None:
            continue
        mine = _busy(pick.session, pick.minutes)
        others = [b for b in spans if b.session_id != mine.session_id]
        room = _overfull(mine, _reached(mine, others))
        if room is None:
            spans.append(mine)
            continue
        other = next(b for b in others if _overlap(b, mine))
        sentence = (
            f"Overlaps with “{other.title}”: together no more than {room} minutes, the time they took (AMA-CALC-4)."
        )
        if pick.work is None:
            sessions[pick.session.id] = sentence
        else:
            works[pick.work.id] = sentence
    return sessions, works


def _reached(start: Busy, others: Sequence[Busy]) -> list[Busy]:
    """Everything that overlaps with it, or with something that does."""
    found: list[Busy] = []
    frontier, rest = [start], list(others)
    while frontier:
        one = frontier.pop()
        near = [b for b in rest if _overlap(one, b)]
        rest = [b for b in rest if b not in near]
        found += near
        frontier += near
    return found


def _overfull(mine: Busy, others: Sequence[Busy]) -> int | None:
    """Minutes of the shortest span around it that holds more than it has; None when all fit (Hall's condition)."""
    spans = [mine, *others]
    tight = []
    for begin in {s.starts_at for s in spans if s.starts_at <= mine.starts_at}:
        for end in {s.ends_at for s in spans if s.ends_at >= mine.ends_at}:
            room = int((end - begin).total_seconds() // 60)
            if sum(s.minutes for s in spans if s.starts_at >= begin and s.ends_at <= end) > room:
                tight.append(room)
    return min(tight, default=None)


def _busy(session: SessionFacts, minutes: int) -> Busy:
    return Busy(session.title, session.starts_at, session.ends_at, minutes, session.id)


def _overlap(a: SessionFacts | Busy, b: SessionFacts | Busy) -> bool:
    return a.starts_at < b.ends_at and b.starts_at < a.ends_at


# --- sentences -----------------------------------------------------------------------------------------


def _start(text: str) -> str:
    return text[:1].upper() + text[1:]


def _percent(value: Decimal) -> str:
    return f"{value.normalize():f}%"


def _refusal(work: WorkFacts) -> str:
    if work.repeated:
        return "A presentation that is repeated counts once (AMA-FMT-1T)."
    if work.kind == "review":
        return "The editor has not approved this review."
    if work.score is not None and work.needed is not None:
        return f"Your result was {_percent(work.score)}; {_percent(work.needed)} is needed."
    return "This is not passed yet." if work.kind == "assessment" else "This is not complete yet."


def _done(work: WorkFacts) -> str:
    if work.score is not None:
        return f"Passed with {_percent(work.score)}"
    return {
        "assessment": "Passed", "review": "Approved by the editor", "teaching": f"{work.minutes} minutes presented",
    }.get(work.kind, "Complete")  # fmt: skip


_WANTED: Mapping[WorkKind | None, tuple[str, str]] = {
    "assessment": ("AMA-FMT-2", "Pass the assessment first; then choose your credit."),
    "completion": ("AMA-FMT-8", "We have no record yet that you completed it."),
    "stage_a": ("AMA-FMT-6", "We have no record yet that you completed stage A."),
    "review": ("AMA-FMT-5", "We have no review of yours yet that the editor approved."),
    "items": ("AMA-FMT-4", "We have no record yet of test items that you wrote."),
    "cycle": ("AMA-FMT-7", "We have no record yet of a cycle of question, sources and application."),
    None: ("WF-7", "This activity has no session that carries credit."),
}


def _nothing_claimable(facts: Facts, verdicts: Collection[SessionVerdict | WorkVerdict]) -> Blocker:
    reasons = {v.verdict: v.reason for v in verdicts if v.verdict != "not_covered"}
    if set(reasons) == {"claimed"}:
        return Blocker("all_claimed", "AMA-CALC-5", "You claimed all of it already.")
    if "no_evidence" in reasons:
        return Blocker("no_evidence", "WF-7", reasons["no_evidence"])
    if "not_yet" in reasons:
        return Blocker("not_yet", "AMA-CLAIM-1", reasons["not_yet"])
    if "refused" in reasons:
        return Blocker("refused", "WF-7", reasons["refused"])
    if "closed" in reasons:
        return Blocker("closed", "AMA-CLAIM-1", reasons["closed"])
    return Blocker("no_work" if facts.work_wanted else "no_session", *_WANTED[facts.work_wanted])
