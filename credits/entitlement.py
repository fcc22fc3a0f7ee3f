"""What eligibility reads and answers: plain data, no database (law 1)."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from credits.arithmetic import HOUR, QUARTER, ZERO, to_credit

Verdict = Literal["claimable", "claimed", "no_evidence", "not_yet", "closed", "cancelled", "refused", "not_covered"]
# How somebody says how much: in credit, in minutes, or all of it.
Measure = Literal["credit", "minutes", "whole"]
Partial = Literal["attested", "minutes", "none"]
Need = Literal["", "evaluation", "passed"]
WorkKind = Literal["assessment", "completion", "stage_a", "stage_b", "stage_c", "review", "items", "cycle", "teaching"]

STAGES: tuple[WorkKind, ...] = ("stage_a", "stage_b", "stage_c")
# Work that stands for time: its minutes are the designated estimate (AMA-CALC-6), rounded by each credit type.
TIMED: frozenset[WorkKind] = frozenset({"assessment", "completion"})


# --- facts ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Evidence:
    """One row that counts: `minutes` is None where the way of knowing gives none, which supports the whole session."""

    method: str
    minutes: int | None
    at: dt.datetime
    by: str = ""


@dataclass(frozen=True)
class SessionFacts:
    """A session of education, as far as claiming asks.

    `claimed` holds the families of credit that this person claimed here, `held` the minutes claimed per credit type.
    `late_until`: a late claim was granted, and until when.
    """

    id: int
    title: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    cancelled: bool = False
    evidence: tuple[Evidence, ...] = ()
    claimed: frozenset[str] = frozenset()
    held: Mapping[str, int] = field(default_factory=dict)
    late_until: dt.datetime | None = None

    @property
    def minutes(self) -> int:
        return int((self.ends_at - self.starts_at).total_seconds() // 60)


@dataclass(frozen=True)
class WorkFacts:
    """A piece of work on record for this person; `accepted`: passed, approved, complete.

    `score` and `needed` are percentages of an assessment. Teaching names its session and the minutes presented;
    `repeated` is a presentation that was given before (AMA-FMT-1T). `noted` is when it was written down.
    """

    id: int
    kind: WorkKind
    title: str
    at: dt.datetime
    accepted: bool = True
    minutes: int = 0
    score: Decimal | None = None
    needed: Decimal | None = None
    repeated: bool = False
    session: SessionFacts | None = None
    claimed: frozenset[str] = frozenset()
    noted: dt.datetime | None = None

    @property
    def taken(self) -> frozenset[str]:
        """Families claimed of it; a session taught is also claimed by having attended it (AMA-FMT-1T)."""
        return self.claimed | (self.session.claimed if self.session else frozenset())


@dataclass(frozen=True)
class Busy:
    """Time that is taken by a claim, in this activity or another (AMA-CALC-4); `session_id` is 0 for another."""

    title: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    minutes: int
    session_id: int = 0


@dataclass(frozen=True)
class WorkRule:
    """Credit for work rather than time: `each` piece; a `sequence` counts in its order, `whole` for all of it."""

    each: Decimal
    sequence: tuple[WorkKind, ...] = ()
    whole: Decimal = ZERO

    def amount(self, pieces: int) -> Decimal:
        """What so many pieces come to: 5, 10, then 20 for the three stages of a PI activity (AMA-FMT-6)."""
        return self.whole if self.sequence and pieces == len(self.sequence) else self.each * pieces


@dataclass(frozen=True)
class CreditFacts:
    """A credit type that this person claims here, with its own arithmetic and what remains of its designation.

    `per_session` is decision 7: a series rounds and caps each session, a course its total once. `already` is what live
    claims of this person hold of it here, for `already_minutes`. Of one `family` a session is claimed once (AMA-FMT-1T). `covers`: the
    sessions that count; empty means all (MOC-5). `follows`: never more than was claimed of that type, `followed` being
    what is held of it.
    """

    code: str
    rounding: str
    maximum: Decimal
    per_session: bool
    already: Decimal = ZERO
    already_minutes: int = 0
    awards: bool = True
    name: str = "credit"
    family: str = ""
    hour: int = HOUR
    increment: Decimal = QUARTER
    minimum: Decimal = ZERO
    partial: Partial = "attested"
    covers: frozenset[int] = frozenset()
    follows: str = ""
    followed: Decimal = ZERO
    needs: Need = ""
    teaching: bool = False
    work: WorkRule | None = None

    @property
    def kin(self) -> str:
        return self.family or self.code

    @property
    def timed(self) -> bool:
        """Whether it counts time; other types count pieces of work."""
        return not self.teaching and self.work is None

    @property
    def measure(self) -> Measure:
        """How a learner says how much of a session counts."""
        if not self.awards or self.follows or self.partial == "none":
            return "whole"
        return "minutes" if self.partial == "minutes" else "credit"

    def round(self, minutes: int) -> Decimal:
        return to_credit(minutes, self.rounding, self.hour)

    def covers_session(self, session: SessionFacts) -> bool:
        return self.timed and (not self.covers or session.id in self.covers)

    def takes(self, work: WorkFacts) -> bool:
        """Whether this credit type counts this kind of work."""
        if self.teaching:
            return work.kind == "teaching"
        if self.work is not None:
            return work.kind not in TIMED and work.kind != "teaching"
        return work.kind in TIMED


@dataclass(frozen=True)
class Facts:
    """Everything the verdict depends on; nothing else may be read. `credits` are in the order they are shown."""

    now: dt.datetime
    activity_status: str
    claim_opens: dt.timedelta
    claim_days: int
    evaluation_required: bool
    evaluation_done: bool
    sessions: tuple[SessionFacts, ...]
    credits: tuple[CreditFacts, ...] = ()
    works: tuple[WorkFacts, ...] = ()
    busy: tuple[Busy, ...] = ()
    work_wanted: WorkKind | None = None
    passed: bool = False
    expires_at: dt.datetime | None = None
    grace: dt.timedelta = dt.timedelta(0)

    @property
    def lead(self) -> CreditFacts | None:
        """The credit type in whose measure the sessions are chosen: the first that counts time, best one that awards."""
        timed = [c for c in self.credits if c.timed]
        return next((c for c in timed if c.awards), timed[0] if timed else None)

    def opens_at(self, session: SessionFacts) -> dt.datetime:
        return session.ends_at - self.claim_opens

    def closes_at(self, session: SessionFacts) -> dt.datetime:
        closes = session.ends_at + dt.timedelta(days=self.claim_days)
        return closes if session.late_until is None else max(closes, session.late_until)

    def accepts_until(self, session: SessionFacts) -> dt.datetime:
        """Until when a claim is taken: the day that is named, and the grace after it."""
        closes = session.ends_at + dt.timedelta(days=self.claim_days) + self.grace
        return closes if session.late_until is None else max(closes, session.late_until)

    def until(self, session: SessionFacts) -> dt.datetime:
        """What a page names: the day that the window ends, and in the grace the end of that."""
        closes = self.closes_at(session)
        return closes if self.now <= closes else self.accepts_until(session)

    def work_accepts_until(self, work: WorkFacts) -> dt.datetime:
        """The same for a piece of work; there is no grace after an activity expired (CME-EM-2)."""
        closes = self.work_closes_at(work)
        return closes + self.grace if self.expires_at is None else min(closes + self.grace, self.expires_at)

    def work_closes_at(self, work: WorkFacts) -> dt.datetime:
        """A piece of work is claimed within the window after it, or after it was written down, and before the activity
        expires (CME-EM-2).

        The stages of a PI activity take months and may be claimed together: their window begins with the last one.
        """
        later = [w.at for w in self.works if w.kind in STAGES and w.accepted] if work.kind in STAGES else []
        closes = max([work.at, work.noted or work.at, *later]) + dt.timedelta(days=self.claim_days)
        return closes if self.expires_at is None else min(closes, self.expires_at)


# --- answers -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Blocker:
    """Why nothing can be claimed: `code` is stable, `rule` its citation, `message` a sentence to read."""

    code: str
    rule: str
    message: str


@dataclass(frozen=True)
class SessionVerdict:
    """What one session supports. `minutes` and `cap` are zero unless claimable; `cap` is in the lead's measure."""

    session: SessionFacts
    verdict: Verdict
    reason: str
    minutes: int = 0
    cap: Decimal = ZERO

    @property
    def is_claimable(self) -> bool:
        return self.verdict == "claimable"


@dataclass(frozen=True)
class WorkVerdict:
    """What one piece of work supports; `measure` says how much of it can be chosen."""

    work: WorkFacts
    verdict: Verdict
    reason: str
    minutes: int = 0
    cap: Decimal = ZERO
    measure: Measure = "whole"

    @property
    def is_claimable(self) -> bool:
        return self.verdict == "claimable"


@dataclass(frozen=True)
class Line:
    """One line of a claim: a session or a piece of work in one credit type.

    `credits` only where each is rounded by itself (decision 7).
    """

    code: str
    session_id: int | None
    work_id: int | None
    minutes: int
    credits: Decimal | None


@dataclass(frozen=True)
class Total:
    """One credit type of a claim: rounded once or per session, capped, with the sentence that says how."""

    code: str
    minutes: int
    credits: Decimal
    designated: Decimal
    sentence: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class LeftOut:
    """A credit type of which nothing can be claimed now, and why."""

    code: str
    reason: str


@dataclass(frozen=True)
class Computed:
    """A computed claim: a total per credit type in the order of the facts, and what was left out."""

    totals: tuple[Total, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    @property
    def lines(self) -> tuple[Line, ...]:
        return tuple(line for total in self.totals for line in total.lines)

    def of(self, code: str) -> Total | None:
        return next((total for total in self.totals if total.code == code), None)


@dataclass(frozen=True)
class ChoiceError(Exception):
    """A choice that cannot stand; `fields` maps session ids to sentences, `works` those of pieces of work."""

    fields: Mapping[int, str] = field(default_factory=dict)
    works: Mapping[int, str] = field(default_factory=dict)
