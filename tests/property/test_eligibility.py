"""What may be claimed: for every set of facts, never more than evidence, designation and clock allow."""

import datetime as dt
import itertools
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credits import eligibility
from credits.arithmetic import quarter_nearest
from credits.eligibility import ChoiceError, CreditFacts, Evidence, Facts, SessionFacts

START = dt.datetime(2026, 11, 17, 13, 0, tzinfo=dt.UTC)
QUARTER = Decimal("0.25")


def session(key=1, *, offset=0, minutes=60, evidence=(None,), **more):
    begins = START + dt.timedelta(minutes=offset)
    rows = tuple(Evidence("code", m, begins) for m in evidence)
    return SessionFacts(
        id=key,
        title=f"Session {key}",
        starts_at=begins,
        ends_at=begins + dt.timedelta(minutes=minutes),
        evidence=rows,
        **more,
    )


def facts(*sessions, now=START + dt.timedelta(days=1), maximum="5.50", per_session=False, **more):
    credit = more.pop("credit", CreditFacts("ama_pra_1", "quarter_nearest", Decimal(maximum), per_session))
    values = {
        "activity_status": "published",
        "claim_opens": dt.timedelta(minutes=10),
        "claim_days": 30,
        "evaluation_required": True,
        "evaluation_done": True,
    }
    return Facts(now=now, sessions=sessions, credit=credit, **(values | more))


class TestVerdict:
    def test_a_code_without_minutes_supports_the_whole_session(self):
        found = eligibility.verdict(facts(session()), session())
        assert (found.verdict, found.minutes, found.cap, found.reason) == (
            "claimable",
            60,
            Decimal("1.00"),
            "All 60 minutes",
        )

    def test_minutes_limit_the_session_and_say_so(self):
        short = session(evidence=(51,))
        assert eligibility.verdict(facts(short), short).reason == "51 of 60 minutes, so up to 0.75"

    def test_two_ways_of_knowing_are_one_hour(self):
        twice = session(evidence=(None, 60))
        assert eligibility.supported_minutes(twice) == 60

    @pytest.mark.parametrize(
        ("minutes_after_end", "verdict"),
        [
            (-11, "not_yet"),
            (-10, "claimable"),
            (0, "claimable"),
            (30 * 24 * 60, "claimable"),
            (30 * 24 * 60 + 1, "closed"),
        ],
    )
    def test_the_window_opens_ten_minutes_before_the_end_for_thirty_days(self, minutes_after_end, verdict):
        one = session()
        now = one.ends_at + dt.timedelta(minutes=minutes_after_end)
        assert eligibility.verdict(facts(one, now=now), one).verdict == verdict

    def test_claimed_cancelled_and_unattended_sessions_say_why(self):
        rows = [session(1, claimed=True), session(2, cancelled=True), session(3, evidence=())]
        assert [eligibility.verdict(facts(*rows), s).reason for s in rows] == [
            "Claimed already.", "This session was cancelled.", "We found no check-in under your name.",
        ]  # fmt: skip


class TestBlockers:
    def test_nothing_blocks_an_attended_evaluated_session(self):
        assert eligibility.blockers(facts(session())) == []

    @pytest.mark.parametrize(
        ("change", "codes"),
        [
            ({"activity_status": "closed"}, ["not_open"]),
            ({"credit": None}, ["not_designated"]),
            ({"evaluation_done": False}, ["evaluation"]),
            ({"evaluation_done": False, "evaluation_required": False}, []),
        ],
    )
    def test_each_reason_stands_alone(self, change, codes):
        assert [b.code for b in eligibility.blockers(facts(session(), **change))] == codes

    @pytest.mark.parametrize(
        ("one", "code"),
        [
            (session(claimed=True), "all_claimed"),
            (session(evidence=()), "no_evidence"),
            (session(cancelled=True), "no_session"),
            (session(offset=60 * 24 * 3), "not_yet"),
            (session(offset=-60 * 24 * 60), "closed"),
        ],
    )
    def test_no_claimable_session_says_which_reason(self, one, code):
        assert [b.code for b in eligibility.blockers(facts(one))] == [code]

    def test_an_activity_without_education_has_nothing_to_claim(self):
        assert [b.code for b in eligibility.blockers(facts())] == ["no_session"]


class TestCompute:
    def test_a_course_rounds_its_total_once(self):
        """WRONG-6: three talks of 20 minutes are one credit, not three quarters."""
        talks = [session(i, offset=i * 30, minutes=20) for i in range(3)]
        known = facts(*talks)
        computed = eligibility.compute(known, eligibility.prefill(known))
        assert (computed.minutes, computed.credits, computed.sentence) == (
            60,
            Decimal("1.00"),
            "20 + 20 + 20 = 60 minutes, rounded once.",
        )

    def test_talks_too_short_for_a_quarter_still_count_in_the_total(self):
        known = facts(session(1, minutes=53), session(2, offset=60, minutes=7))
        assert eligibility.compute(known, eligibility.prefill(known)).credits == Decimal("1.00")
        assert eligibility.compute(known, eligibility.prefill(known)).minutes == 60

    def test_a_series_rounds_each_session(self):
        """WRONG-8 and decision 7."""
        known = facts(
            session(1, minutes=50),
            session(2, offset=60 * 24, minutes=50),
            now=START + dt.timedelta(days=3),
            maximum="1.00",
            per_session=True,
        )
        computed = eligibility.compute(known, eligibility.prefill(known))
        assert [line.credits for line in computed.lines] == [Decimal("0.75"), Decimal("0.75")]
        assert (computed.credits, computed.designated) == (Decimal("1.50"), Decimal("2.00"))

    def test_the_total_never_exceeds_what_is_left_of_the_designation(self):
        known = facts(
            session(),
            session(2, offset=60),
            credit=CreditFacts("ama_pra_1", "quarter_nearest", Decimal("2.00"), False, already=Decimal("1.50")),
        )
        assert eligibility.compute(known, eligibility.prefill(known)).credits == Decimal("0.50")

    def test_overlapping_sessions_are_refused_and_only_one_is_offered(self):
        """WRONG-6, AMA-CALC-4: nobody sits in two rooms."""
        known = facts(session(1), session(2, offset=30))
        assert eligibility.prefill(known) == {1: Decimal("1.00"), 2: Decimal("0.00")}
        with pytest.raises(ChoiceError) as caught:
            eligibility.compute(known, {1: Decimal("1.00"), 2: Decimal("1.00")})
        assert caught.value.fields == {2: "Overlaps with “Session 1”. Claim one of the two (AMA-CALC-4)."}

    @pytest.mark.parametrize(
        ("value", "sentence"),
        [
            ("1.25", "At most 1.00: All 60 minutes."),
            ("0.30", "Choose in steps of 0.25."),
            ("-0.25", "Choose in steps of 0.25."),
        ],
    )
    def test_a_choice_that_cannot_stand_is_named(self, value, sentence):
        with pytest.raises(ChoiceError) as caught:
            eligibility.compute(facts(session()), {1: Decimal(value)})
        assert caught.value.fields == {1: sentence}

    def test_a_session_without_evidence_cannot_be_chosen(self):
        with pytest.raises(ChoiceError) as caught:
            eligibility.compute(facts(session(evidence=())), {1: Decimal("0.25")})
        assert caught.value.fields == {1: "We found no check-in under your name."}

    def test_nothing_is_computed_where_nothing_was_designated(self):
        with pytest.raises(ChoiceError):
            eligibility.compute(facts(session(), credit=None), {1: Decimal("1.00")})

    def test_attendance_carries_no_credit_and_names_the_designated_maximum(self):
        """WRONG-5: a nurse's claim holds minutes; the number on the paper is the maximum (AMA-CERT-2)."""
        known = facts(
            session(), credit=CreditFacts("attendance", "quarter_nearest", Decimal("5.50"), False, awards=False)
        )
        computed = eligibility.compute(known, {1: Decimal("1.00")})
        assert (computed.minutes, computed.credits, computed.designated) == (60, Decimal("0.00"), Decimal("5.50"))

    def test_unknown_sessions_and_zeros_are_left_out(self):
        assert eligibility.compute(facts(session()), {1: Decimal("0.00"), 99: Decimal("1.00")}).lines == ()


day = st.builds(
    lambda key, offset, minutes, evidence: session(key, offset=offset, minutes=minutes, evidence=evidence),
    st.integers(1, 10_000), st.integers(0, 600), st.integers(1, 180), st.lists(st.none() | st.integers(1, 240), max_size=3).map(tuple),
)  # fmt: skip
days = st.lists(day, min_size=1, max_size=8, unique_by=lambda s: s.id)


@given(days, st.integers(0, 40), st.booleans())
def test_what_is_offered_can_always_be_claimed(sessions, quarters, per_session):
    known = facts(*sessions, maximum=str(quarters * QUARTER), per_session=per_session)
    computed = eligibility.compute(known, eligibility.prefill(known))
    assert computed.credits <= computed.designated
    assert computed.credits % QUARTER == 0
    attended = {s.id: eligibility.supported_minutes(s) for s in sessions}
    assert all(0 < line.minutes <= attended[line.session_id] for line in computed.lines if not per_session)
    if not per_session:
        assert computed.credits <= quarter_nearest(sum(line.minutes for line in computed.lines))


@given(days)
def test_claimed_sessions_never_overlap(sessions):
    known = facts(*sessions, maximum="99.00")
    computed = eligibility.compute(known, eligibility.prefill(known))
    kept = sorted(
        (s for s in sessions if s.id in {line.session_id for line in computed.lines}), key=lambda s: s.starts_at
    )
    assert all(a.ends_at <= b.starts_at for a, b in itertools.pairwise(kept))
