"""Laws of eligibility, for every set of facts hypothesis can think of."""

import dataclasses
import datetime as dt
import itertools
from decimal import Decimal

from hypothesis import assume, given
from hypothesis import strategies as st

from credits import eligibility
from credits.arithmetic import ROUNDING, step, to_credit
from credits.entitlement import Busy, ChoiceError, Computed, Evidence
from tests.property.claim_facts import (
    QUARTER,
    START,
    ama,
    ancc,
    apa,
    attendance,
    credit,
    facts,
    faculty,
    moc,
    pi,
    session,
    teaching,
    work,
)

LATER = START + dt.timedelta(days=1)
minutes = st.none() | st.integers(0, 240)
day = st.builds(
    lambda key, offset, lasts, evidence: session(key, offset=offset, minutes=lasts, evidence=evidence),
    st.integers(1, 10_000), st.integers(0, 600), st.integers(1, 180), st.lists(minutes, max_size=3).map(tuple),
)  # fmt: skip
days = st.lists(day, min_size=1, max_size=7, unique_by=lambda s: s.id)
maxima = st.integers(0, 40).map(lambda quarters: str(quarters * QUARTER))
kinds = st.sampled_from([ama, ancc, apa, attendance])
scopes = st.booleans()


@st.composite
def several(draw):
    """A few credit types of one person, in any order and scope."""
    found = draw(st.lists(kinds, min_size=1, max_size=3, unique=True))
    per_session = draw(scopes)
    types = [make(draw(maxima), per_session=per_session) for make in found]
    if ama in found and draw(st.booleans()):
        types.append(moc(draw(maxima), per_session=per_session))
    return types


def whole(known):
    return eligibility.compute(known, eligibility.prefill(known), eligibility.prefill_works(known))


def tried(known, choices, works=None):
    """What it comes to, or nothing and why not."""
    try:
        return eligibility.compute(known, choices, works), ChoiceError()
    except ChoiceError as error:
        return Computed(), error


def lead_total(known):
    found = whole(known).of(known.lead.code)
    return found.credits if found else Decimal(0)


def spans(known, lines):
    """The sessions of some lines with their minutes, one line a session."""
    by_id = {s.id: s for s in known.sessions}
    return {line.session_id: (by_id[line.session_id], line.minutes) for line in lines if line.session_id}.values()


def fits_the_clock(taken):
    """No span of time holds more minutes than it has."""
    taken = list(taken)
    starts, ends = {s.starts_at for s, _m in taken}, {s.ends_at for s, _m in taken}
    return all(
        sum(m for s, m in taken if s.starts_at >= a and s.ends_at <= b) <= (b - a).total_seconds() // 60
        for a, b in itertools.product(starts, ends) if b > a
    )  # fmt: skip


@given(days, several())
def test_what_is_offered_can_always_be_claimed(sessions, types):
    known = facts(*sessions, credits=types)
    computed = whole(known)
    attended = {s.id: eligibility.supported_minutes(s) for s in sessions}
    assert all(0 < line.minutes <= attended[line.session_id] for line in computed.lines)


@given(days, several())
def test_no_total_is_above_its_designation_or_off_its_step(sessions, types):
    known = facts(*sessions, credits=types)
    by_code = {c.code: c for c in types}
    for total in whole(known).totals:
        kind = by_code[total.code]
        cap = kind.maximum * len(total.lines) if kind.per_session else kind.maximum
        assert Decimal(0) <= total.credits <= total.designated == cap
        assert (total.credits > 0) == kind.awards
        assert total.minutes == sum(line.minutes for line in total.lines)
        if kind.per_session:
            assert total.credits == sum(line.credits for line in total.lines)
        else:
            assert total.credits <= to_credit(total.minutes, kind.rounding)
        if kind.maximum % step(kind.rounding) == 0 and not kind.follows:
            assert total.credits % step(kind.rounding) == 0
        assert not kind.awards or total.credits >= kind.minimum


@given(days, several(), st.data())
def test_more_evidence_is_never_less_credit(sessions, types, data):
    known = facts(*sessions, credits=types)
    assume(known.lead.partial != "none")  # where only whole sessions count, a half one may be offered in place of them
    place = data.draw(st.integers(0, len(sessions) - 1))
    row = Evidence("roster", data.draw(minutes), START)
    more = list(sessions)
    more[place] = dataclasses.replace(more[place], evidence=(*more[place].evidence, row))
    assert eligibility.supported_minutes(more[place]) >= eligibility.supported_minutes(sessions[place])
    assert lead_total(facts(*more, credits=types)) >= lead_total(known)


@given(days, several(), st.randoms(use_true_random=False))
def test_neither_the_order_of_sessions_nor_that_of_evidence_matters(sessions, types, rng):
    known = facts(*sessions, credits=types)
    shuffled = [dataclasses.replace(s, evidence=tuple(rng.sample(s.evidence, len(s.evidence)))) for s in sessions]
    rng.shuffle(shuffled)
    other = facts(*shuffled, credits=types)
    assert eligibility.prefill(other) == eligibility.prefill(known)
    assert {t.code: t.credits for t in whole(other).totals} == {t.code: t.credits for t in whole(known).totals}
    assert {(x.code, x.session_id, x.minutes, x.credits) for x in whole(other).lines} == {
        (x.code, x.session_id, x.minutes, x.credits) for x in whole(known).lines
    }


@given(days, several())
def test_the_same_facts_give_the_same_answer(sessions, types):
    known = facts(*sessions, credits=types)
    assert whole(known) == whole(known)
    assert eligibility.blockers(known) == eligibility.blockers(known)


@given(days, several())
def test_what_was_claimed_is_not_claimed_again(sessions, types):
    """AMA-CALC-5: a claim changes the facts, and then there is nothing more of those sessions."""
    known = facts(*sessions, credits=types)
    computed = whole(known)
    claimed = {s.id: frozenset(x.code for x in computed.lines if x.session_id == s.id) for s in sessions}
    busy = [Busy(s.title, s.starts_at, s.ends_at, m, s.id) for s, m in spans(known, computed.lines)]
    held = {t.code: t.credits for t in computed.totals}
    after = facts(
        *[dataclasses.replace(s, claimed=claimed[s.id], held={x.code: x.minutes for x in computed.lines if x.session_id == s.id}) for s in sessions],
        credits=[dataclasses.replace(c, already=held.get(c.code, Decimal(0)), followed=held.get(c.follows, Decimal(0))) for c in types],
        busy=tuple(busy),
    )  # fmt: skip
    again = whole(after)
    assert not {(x.code, x.session_id) for x in again.lines} & {(x.code, x.session_id) for x in computed.lines}
    for kind in types:
        if not kind.per_session:
            second = again.of(kind.code)
            assert held.get(kind.code, 0) + (second.credits if second else 0) <= kind.maximum


@given(days, st.lists(st.integers(0, 12), min_size=7, max_size=7), maxima)
def test_no_choice_gives_more_than_evidence_clock_and_designation(sessions, quarters, maximum):
    """Whatever a page sends: it is refused, or it is within all three."""
    known = facts(*sessions, maximum=maximum)
    choices = {s.id: n * QUARTER for s, n in zip(sessions, quarters, strict=False)}
    computed, error = tried(known, choices)
    assert set(error.fields) <= {s.id for s in sessions}
    attended = {s.id: eligibility.supported_minutes(s) for s in sessions}
    assert all(line.minutes <= attended[line.session_id] for line in computed.lines)
    assert fits_the_clock(spans(known, computed.lines))
    assert all(t.credits <= Decimal(maximum) for t in computed.totals)


@given(days, days, st.booleans())
def test_nobody_is_in_two_rooms_even_in_two_activities(elsewhere, sessions, per_session):
    """AMA-CALC-4: a claim in one activity takes the time for every other."""
    first = facts(*elsewhere, maximum="99.00", per_session=per_session)
    taken = list(spans(first, whole(first).lines))
    assert fits_the_clock(taken)
    busy = tuple(Busy(s.title, s.starts_at, s.ends_at, m) for s, m in taken)
    second = facts(*sessions, maximum="99.00", per_session=per_session, busy=busy)
    assert fits_the_clock([*taken, *spans(second, whole(second).lines)])


@given(
    st.lists(
        st.tuples(st.integers(0, 600), st.integers(5, 120), st.booleans(), st.integers(1, 120)), min_size=1, max_size=6
    )
)
def test_a_session_is_taught_or_attended_never_both(rows):
    """AMA-FMT-1T: two credits an hour presented, and no credit for the same session as a participant."""
    sessions = [session(i, offset=o, minutes=m) for i, (o, m, _t, _p) in enumerate(rows, start=1)]
    works = tuple(
        teaching(100 + s.id, s, minutes=min(p, s.minutes)) for s, (_o, _m, t, p) in zip(sessions, rows, strict=True) if t
    )  # fmt: skip
    known = facts(*sessions, credits=[ama("99.00"), faculty("9.00")], works=works)
    offered = eligibility.prefill_works(known)
    computed, error = tried(known, eligibility.prefill(known), offered)
    assert not error.fields  # two talks at one time are refused where they were given, not where others listened
    families = [(x.session_id, "ama_pra_1") for x in computed.lines]
    assert len(families) == len(set(families))
    presented = {w.id: w.minutes for w in works}
    for line in computed.lines:
        if line.work_id:
            assert line.credits == min(to_credit(presented[line.work_id], "quarter_nearest", 30), Decimal("9.00"))


@given(st.permutations(["a", "b", "c"]), st.integers(1, 3), st.integers(0, 3))
def test_stages_come_to_the_same_however_they_are_claimed(order, known_stages, claimed_first):
    """AMA-FMT-6: in one claim or one after the other, never more than twenty."""
    letters = sorted(order[:known_stages])
    works = [work(ord(x), f"stage_{x}", after=60 * (ord(x) - ord("a")), minutes=0) for x in letters]
    rule = {"now": LATER, "credits": [pi()]}
    at_once = sum((t.credits for t in whole(facts(works=tuple(works), **rule)).totals), Decimal(0))
    sequence = [x for i, x in enumerate("abc") if set("abc"[: i + 1]) <= set(letters)]
    assert at_once == {0: 0, 1: 5, 2: 10, 3: 20}[len(sequence)]
    had, held = Decimal(0), set(sequence[:claimed_first])
    for stage in sequence:
        if stage in held:
            before = eligibility.prefill_works(facts(works=tuple(works), credits=[pi(already=had)], now=LATER))
            had += before[ord(stage)]
            works = [
                dataclasses.replace(w, claimed=frozenset({"ama_pra_1"})) if w.id == ord(stage) else w for w in works
            ]
    rest = whole(facts(works=tuple(works), credits=[pi(already=had)], now=LATER))
    assert had + sum((t.credits for t in rest.totals), Decimal(0)) == at_once


@given(st.integers(0, 500), st.sampled_from(sorted(ROUNDING)), st.sampled_from([30, 50, 60]), maxima)
def test_a_pass_gives_what_the_minutes_come_to_and_no_more_than_designated(lasts, rounding, hour, maximum):
    known = facts(works=(work(minutes=lasts),), credits=[credit("x", rounding, maximum, hour=hour, partial="minutes")])
    total = whole(known).of("x")
    expected = min(to_credit(lasts, rounding, hour), Decimal(maximum))
    assert (total.credits if total else Decimal(0)) == expected
