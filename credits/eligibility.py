"""What a person may claim: facts in, verdicts with reasons out. Pure; every number here is a regulated one (law 1).

One function answers the claim page, the claim itself and "why don't I have this credit?".
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from credits.arithmetic import QUARTER, to_credit

Verdict = Literal["claimable", "claimed", "no_evidence", "not_yet", "closed", "cancelled"]


@dataclass(frozen=True)
class Evidence:
    """One row that counts: `minutes` is None where the way of knowing gives none, which supports the whole session."""

    method: str
    minutes: int | None
    at: dt.datetime
    by: str = ""


@dataclass(frozen=True)
class SessionFacts:
    """A session of education, as far as claiming asks."""

    id: int
    title: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    cancelled: bool = False
    evidence: tuple[Evidence, ...] = ()
    claimed: bool = False

    @property
    def minutes(self) -> int:
        return int((self.ends_at - self.starts_at).total_seconds() // 60)


@dataclass(frozen=True)
class CreditFacts:
    """The credit type that this person claims here, and what remains of its designation.

    `per_session` is decision 7: a series rounds and caps each session, a course its total once.
    `already` is what live claims of this person hold of it (activity scope only).
    """

    code: str
    rounding: str
    maximum: Decimal
    per_session: bool
    already: Decimal = Decimal("0.00")
    awards: bool = True


@dataclass(frozen=True)
class Facts:
    """Everything the verdict depends on; nothing else may be read."""

    now: dt.datetime
    activity_status: str
    claim_opens: dt.timedelta
    claim_days: int
    evaluation_required: bool
    evaluation_done: bool
    sessions: tuple[SessionFacts, ...]
    credit: CreditFacts | None

    def opens_at(self, session: SessionFacts) -> dt.datetime:
        return session.ends_at - self.claim_opens

    def closes_at(self, session: SessionFacts) -> dt.datetime:
        return session.ends_at + dt.timedelta(days=self.claim_days)


@dataclass(frozen=True)
class Blocker:
    """Why nothing can be claimed: `code` is stable, `rule` its citation, `message` a sentence to read."""

    code: str
    rule: str
    message: str


@dataclass(frozen=True)
class SessionVerdict:
    """What one session supports. `minutes` and `cap` are zero unless claimable."""

    session: SessionFacts
    verdict: Verdict
    reason: str
    minutes: int = 0
    cap: Decimal = Decimal("0.00")

    @property
    def is_claimable(self) -> bool:
        return self.verdict == "claimable"


@dataclass(frozen=True)
class Line:
    """One line of a claim: `credits` only where each session is rounded by itself (decision 7)."""

    session_id: int
    minutes: int
    credits: Decimal | None


@dataclass(frozen=True)
class Computed:
    """A computed claim: lines, the total rounded once, and the sentence that says how."""

    lines: tuple[Line, ...]
    minutes: int
    credits: Decimal
    designated: Decimal
    sentence: str


@dataclass(frozen=True)
class ChoiceError(Exception):
    """A choice that cannot stand; `fields` maps session ids to sentences."""

    fields: Mapping[int, str] = field(default_factory=dict)


CLAIMABLE_STATUSES = frozenset({"published", "ended", "closing"})


def supported_minutes(session: SessionFacts) -> int:
    """Minutes of the session that the evidence supports: the best single way of knowing, never more than it lasted.

    Ways of knowing are not added up: a code and a roster for the same hour are one hour.
    """
    if not session.evidence:
        return 0
    best = max(session.minutes if e.minutes is None else e.minutes for e in session.evidence)
    return min(best, session.minutes)


def blockers(facts: Facts) -> list[Blocker]:
    """Why this person cannot claim anything in this activity now (WF-7); empty when a claim can be made."""
    found = []
    if facts.activity_status not in CLAIMABLE_STATUSES:
        found.append(Blocker("not_open", "WF-7", "This activity is not open for claims."))
    if facts.credit is None:
        found.append(
            Blocker("not_designated", "IP-1", "No credit that fits your profession was designated for this activity.")
        )
    if facts.evaluation_required and not facts.evaluation_done:
        found.append(Blocker("evaluation", "AMA-CLAIM-1", "Answer the evaluation first. It takes about a minute."))
    verdicts = [verdict(facts, s) for s in facts.sessions]
    if not any(v.is_claimable for v in verdicts):
        found.append(_nothing_claimable(verdicts))
    return found


def verdict(facts: Facts, session: SessionFacts) -> SessionVerdict:
    """What one session supports for this person, with the reason in a sentence."""
    if session.claimed:
        return SessionVerdict(session, "claimed", "Claimed already.")
    if session.cancelled:
        return SessionVerdict(session, "cancelled", "This session was cancelled.")
    if facts.now < facts.opens_at(session):
        return SessionVerdict(session, "not_yet", "Credit can be claimed when the session ends.")
    if facts.now > facts.closes_at(session):
        return SessionVerdict(session, "closed", "The time to claim has passed.")
    if not session.evidence:
        return SessionVerdict(session, "no_evidence", "We found no check-in under your name.")
    minutes = supported_minutes(session)
    cap = _cap(facts.credit, minutes)
    whole = minutes == session.minutes
    reason = f"All {minutes} minutes" if whole else f"{minutes} of {session.minutes} minutes, so up to {cap}"
    return SessionVerdict(session, "claimable", reason, minutes, cap)


def prefill(facts: Facts) -> dict[int, Decimal]:
    """Credit to offer per session: all that is supported, but of sessions that overlap only the first (AMA-CALC-4)."""
    offered: dict[int, Decimal] = {}
    taken: list[SessionFacts] = []
    for session in sorted(facts.sessions, key=lambda s: (s.starts_at, -s.minutes, s.id)):
        found = verdict(facts, session)
        if not found.is_claimable:
            continue
        if any(_overlap(session, other) for other in taken):
            offered[session.id] = Decimal("0.00")
        else:
            offered[session.id] = found.cap
            taken.append(session)
    return offered


def compute(facts: Facts, choices: Mapping[int, Decimal]) -> Computed:
    """Turn chosen credit per session into lines and a total. Raises ChoiceError naming each session that cannot stand.

    A session left at its cap counts its supported minutes, a lowered one the minutes chosen; the total is rounded
    once for a course and per session for a series (decision 7), and capped by what is left of the designation.
    """
    if facts.credit is None:
        raise ChoiceError({})
    errors: dict[int, str] = {}
    picked: list[tuple[SessionVerdict, int]] = []
    by_id = {s.id: s for s in facts.sessions}
    tiny: list[SessionVerdict] = []
    for session_id, value in choices.items():
        session = by_id.get(session_id)
        if session is None:
            continue
        if value == 0:
            found = verdict(facts, session)
            if found.is_claimable and found.cap == 0:
                tiny.append(found)
            continue
        found = verdict(facts, session)
        if not found.is_claimable:
            errors[session_id] = found.reason
        elif value < 0 or value % QUARTER:
            errors[session_id] = "Choose in steps of 0.25."
        elif value > found.cap:
            errors[session_id] = f"At most {found.cap}: {found.reason}."
        else:
            picked.append((found, found.minutes if value == found.cap else int(value * 60)))
    for i, (a, _) in enumerate(picked):
        for b, _ in picked[i + 1 :]:
            if _overlap(a.session, b.session):
                errors[b.session.id] = f"Overlaps with “{a.session.title}”. Claim one of the two (AMA-CALC-4)."
    if errors:
        raise ChoiceError(errors)
    # Minutes too few for a quarter by themselves still count in a total that is rounded once (AMA-CALC-2).
    if picked and not facts.credit.per_session:
        picked += [(t, t.minutes) for t in tiny if not any(_overlap(t.session, v.session) for v, _ in picked)]
    return _total(facts.credit, picked)


def _total(credit: CreditFacts, picked: Sequence[tuple[SessionVerdict, int]]) -> Computed:
    minutes = sum(m for _, m in picked)
    if credit.per_session:
        lines = tuple(Line(v.session.id, m, _cap(credit, m)) for v, m in picked)
        total = sum((line.credits or Decimal(0) for line in lines), Decimal("0.00"))
        designated = credit.maximum * len(lines)
        sentence = f"{len(lines)} sessions, each rounded by itself." if len(lines) > 1 else f"{minutes} minutes."
        return Computed(lines, minutes, total, designated, sentence)
    rounded = to_credit(minutes, credit.rounding) if credit.awards else Decimal("0.00")
    left = credit.maximum - credit.already
    total = min(rounded, left) if credit.awards else Decimal("0.00")
    parts = " + ".join(str(m) for _, m in picked)
    sentence = f"{parts} = {minutes} minutes, rounded once." if len(picked) > 1 else f"{minutes} minutes."
    if credit.awards and rounded > left:
        sentence += f" Not more than the {credit.maximum} designated."
    return Computed(tuple(Line(v.session.id, m, None) for v, m in picked), minutes, total, credit.maximum, sentence)


def _cap(credit: CreditFacts | None, minutes: int) -> Decimal:
    if credit is None:
        return Decimal("0.00")
    value = to_credit(minutes, credit.rounding)
    return min(value, credit.maximum) if credit.awards else value


def _overlap(a: SessionFacts, b: SessionFacts) -> bool:
    return a.starts_at < b.ends_at and b.starts_at < a.ends_at


def _nothing_claimable(verdicts: Sequence[SessionVerdict]) -> Blocker:
    kinds = {v.verdict for v in verdicts}
    if kinds == {"claimed"}:
        return Blocker("all_claimed", "AMA-CALC-5", "You claimed all of it already.")
    if "no_evidence" in kinds:
        return Blocker("no_evidence", "WF-7", "We found no check-in under your name.")
    if "not_yet" in kinds:
        return Blocker("not_yet", "AMA-CLAIM-1", "Credit can be claimed when the session ends.")
    if "closed" in kinds:
        return Blocker("closed", "AMA-CLAIM-1", "The time to claim has passed.")
    return Blocker("no_session", "WF-7", "This activity has no session that carries credit.")
