"""What may be claimed, case by case: each reason, each credit type's own arithmetic, each format."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest

from credits import eligibility
from credits.entitlement import Busy, ChoiceError, Computed, Evidence, LeftOut, Line, WorkFacts
from tests.property.claim_facts import (
    START,
    ama,
    ancc,
    apa,
    attendance,
    credit,
    cycles,
    facts,
    faculty,
    moc,
    pi,
    reviews,
    session,
    teaching,
    work,
)

DAY = 60 * 24
D = Decimal


def whole(known):
    """Everything offered, claimed."""
    return eligibility.compute(known, eligibility.prefill(known), eligibility.prefill_works(known))


def sums(computed):
    return {t.code: (t.minutes, t.credits, t.designated, t.sentence) for t in computed.totals}


def refused(known, choices=(), works=()):
    with pytest.raises(ChoiceError) as caught:
        eligibility.compute(known, dict(choices), dict(works))
    return (dict(caught.value.fields), dict(caught.value.works))


class TestVerdict:
    def test_a_code_without_minutes_supports_the_whole_session(self):
        found = eligibility.verdict(facts(session()), session())
        assert (found.verdict, found.minutes, found.cap, found.reason) == ("claimable", 60, D("1.00"), "All 60 minutes")

    def test_minutes_limit_the_session_and_say_so(self):
        short = session(evidence=(51,))
        assert eligibility.verdict(facts(short), short).reason == "51 of 60 minutes, so up to 0.75"

    @pytest.mark.parametrize(
        ("rows", "minutes"),
        [((), 0), ((0,), 0), ((20,), 20), ((20, 45), 45), ((20, None), 60), ((90,), 60), ((60, None), 60)],
    )
    def test_the_best_single_way_of_knowing_counts_and_never_more_than_it_lasted(self, rows, minutes):
        assert eligibility.supported_minutes(session(evidence=rows)) == minutes

    @pytest.mark.parametrize("method", ["code", "qr", "roster", "staff", "self", "webinar", "kiosk", "text"])
    def test_every_way_of_knowing_counts_the_same(self, method):
        one = session(evidence=())
        row = Evidence(method, 30, START)
        known = session()
        assert eligibility.supported_minutes(one) == 0
        assert eligibility.supported_minutes(type(known)(1, "x", known.starts_at, known.ends_at, evidence=(row,))) == 30

    @pytest.mark.parametrize(
        ("minutes_after_end", "verdict"),
        [(-11, "not_yet"), (-10, "claimable"), (0, "claimable"), (30 * DAY, "claimable"), (30 * DAY + 1, "closed")],
    )
    def test_the_window_opens_ten_minutes_before_the_end_for_thirty_days(self, minutes_after_end, verdict):
        one = session()
        now = one.ends_at + dt.timedelta(minutes=minutes_after_end)
        found = eligibility.verdict(facts(one, now=now), one)
        assert (found.verdict, found.is_claimable) == (verdict, verdict == "claimable")

    def test_every_other_session_says_why(self):
        rows = [
            session(1, claimed={"ama_pra_1"}), session(2, cancelled=True), session(3, evidence=()), session(4, evidence=(0,)),
            session(5, offset=5 * DAY), session(6, offset=-60 * DAY),
        ]  # fmt: skip
        found = [eligibility.verdict(facts(*rows), s) for s in rows]
        assert [(v.verdict, v.reason, v.minutes, v.cap) for v in found] == [
            ("claimed", "Claimed already.", 0, 0),
            ("cancelled", "This session was cancelled.", 0, 0),
            ("no_evidence", "We found no check-in under your name.", 0, 0),
            ("no_evidence", "We found no check-in under your name.", 0, 0),
            ("not_yet", "Credit can be claimed when the session ends.", 0, 0),
            ("closed", "The time to claim has passed.", 0, 0),
        ]

    def test_what_was_claimed_stays_claimed_when_the_session_is_cancelled_or_its_time_is_over(self):
        gone = session(claimed={"ama_pra_1"}, cancelled=True, offset=-60 * DAY)
        assert eligibility.verdict(facts(gone), gone).verdict == "claimed"

    def test_a_session_is_claimable_while_one_of_its_credit_types_is_not_claimed(self):
        one = session(claimed={"ama_pra_1"})
        assert eligibility.verdict(
            facts(one, credits=[ama(), credit("ipce", "quarter_nearest", "5.50")]), one
        ).is_claimable

    def test_a_session_that_no_type_of_the_person_covers_says_so(self):
        one, two = session(1), session(2, offset=60)
        known = facts(one, two, credits=[ama(covers=frozenset({1}))])
        assert [eligibility.verdict(known, s).verdict for s in (one, two)] == ["claimable", "not_covered"]
        assert eligibility.verdict(known, two).reason == "No credit of yours was designated for this session."

    def test_without_any_designation_a_session_still_shows_what_it_supports(self):
        found = eligibility.verdict(facts(session(), credits=()), session())
        assert (found.verdict, found.minutes, found.cap) == ("claimable", 60, 0)

    @pytest.mark.parametrize(
        ("kind", "cap", "reason"),
        [
            (ama(), "0.75", "51 of 60 minutes, so up to 0.75"),
            (ancc(), "51", "51 of 60 minutes"),
            (apa(), "1.00", "51 of 60 minutes"),
            (attendance(), "1.00", "51 of 60 minutes"),
            (ama("0.50"), "0.50", "51 of 60 minutes, so up to 0.50"),
            (ama(hour=50), "1.00", "51 of 60 minutes, so up to 1.00"),
        ],
    )
    def test_the_cap_is_in_the_measure_of_the_type_that_leads(self, kind, cap, reason):
        one = session(evidence=(51,))
        found = eligibility.verdict(facts(one, credits=[kind]), one)
        assert (found.minutes, found.cap, found.reason) == (51, D(cap), reason)

    def test_the_first_type_that_awards_leads(self):
        known = facts(session(), credits=[faculty(), attendance(), ancc(), ama()])
        assert (known.lead.code, known.lead.measure) == ("ancc", "minutes")
        assert facts(credits=[attendance()]).lead.measure == "whole"
        assert facts(credits=[faculty(), pi()]).lead is None
        assert facts(credits=()).lead is None


class TestBlockers:
    def test_nothing_blocks_an_attended_evaluated_session(self):
        assert eligibility.blockers(facts(session())) == []

    @pytest.mark.parametrize(
        ("change", "codes"),
        [
            ({"activity_status": "closed"}, ["not_open"]),
            ({"activity_status": "ended"}, []),
            ({"activity_status": "closing"}, []),
            ({"credits": ()}, ["not_designated"]),
            ({"evaluation_done": False}, ["evaluation"]),
            ({"evaluation_done": False, "evaluation_required": False}, []),
            ({"evaluation_done": False, "evaluation_required": False, "credits": [moc(follows="")]}, ["evaluation"]),
            ({"evaluation_done": False, "evaluation_required": False, "credits": [ama(), moc()]}, []),
            ({"evaluation_required": False, "credits": [moc(follows="")]}, []),
        ],
    )
    def test_each_reason_stands_alone(self, change, codes):
        assert [b.code for b in eligibility.blockers(facts(session(), **change))] == codes

    @pytest.mark.parametrize(
        ("rows", "code", "rule", "message"),
        [
            ([session(claimed={"ama_pra_1"})], "all_claimed", "AMA-CALC-5", "You claimed all of it already."),
            ([session(evidence=())], "no_evidence", "WF-7", "We found no check-in under your name."),
            ([session(cancelled=True)], "no_session", "WF-7", "This activity has no session that carries credit."),
            ([session(offset=3 * DAY)], "not_yet", "AMA-CLAIM-1", "Credit can be claimed when the session ends."),
            ([session(offset=-60 * DAY)], "closed", "AMA-CLAIM-1", "The time to claim has passed."),
            ([session(1, offset=-60 * DAY), session(2, offset=3 * DAY)], "not_yet", "AMA-CLAIM-1", "Credit can be claimed when the session ends."),
            ([session(1, evidence=()), session(2, offset=3 * DAY)], "no_evidence", "WF-7", "We found no check-in under your name."),
            ([session(1, claimed={"ama_pra_1"}), session(2, offset=-60 * DAY)], "closed", "AMA-CLAIM-1", "The time to claim has passed."),
        ],
    )  # fmt: skip
    def test_no_claimable_session_says_which_reason(self, rows, code, rule, message):
        assert [(b.code, b.rule, b.message) for b in eligibility.blockers(facts(*rows))] == [(code, rule, message)]

    def test_each_blocker_has_its_sentence(self):
        found = eligibility.blockers(facts(credits=(), activity_status="draft", evaluation_done=False))
        assert [(b.rule, b.message) for b in found] == [
            ("WF-7", "This activity is not open for claims."),
            ("IP-1", "No credit that fits your profession was designated for this activity."),
            ("AMA-CLAIM-1", "Answer the evaluation first. It takes about a minute."),
            ("WF-7", "This activity has no session that carries credit."),
        ]

    @pytest.mark.parametrize(
        ("wanted", "rule", "start"),
        [
            ("assessment", "AMA-FMT-2", "Pass the assessment first"),
            ("completion", "AMA-FMT-8", "We have no record yet that you completed it"),
            ("stage_a", "AMA-FMT-6", "We have no record yet that you completed stage A"),
            ("review", "AMA-FMT-5", "We have no review of yours yet that the editor approved"),
            ("items", "AMA-FMT-4", "We have no record yet of test items"),
            ("cycle", "AMA-FMT-7", "We have no record yet of a cycle"),
        ],
    )
    def test_a_format_without_sessions_says_what_is_wanted(self, wanted, rule, start):
        [found] = eligibility.blockers(facts(work_wanted=wanted))
        assert (found.code, found.rule, found.message.startswith(start)) == ("no_work", rule, True)

    def test_a_session_not_covered_is_no_reason_by_itself(self):
        known = facts(session(1, claimed={"ama_pra_1"}), session(2, offset=60), credits=[ama(covers=frozenset({1}))])
        assert [b.code for b in eligibility.blockers(known)] == ["all_claimed"]


class TestCompute:
    def test_wrong_6_a_course_rounds_its_total_once(self):
        """WRONG-6: three talks of 20 minutes are one credit, not three quarters."""
        known = facts(*[session(i, offset=i * 30, minutes=20) for i in range(3)])
        assert sums(whole(known)) == {
            "ama_pra_1": (60, D("1.00"), D("5.50"), "20 + 20 + 20 = 60 minutes, rounded once.")
        }

    @pytest.mark.parametrize("minutes", [(53, 53, 53, 53), (67, 67), (20, 20, 20), (53, 7)])
    def test_wrong_6_a_course_comes_to_the_same_however_it_is_split_into_claims(self, minutes):
        """AMA-CALC-2: four talks of 53 minutes are 3.50 credits, also when each is claimed by itself."""
        every = [session(i, offset=80 * i, minutes=m) for i, m in enumerate(minutes)]
        later = START + dt.timedelta(days=3)
        once = sums(whole(facts(*every, now=later)))["ama_pra_1"]
        held, credits = 0, D("0.00")
        for one in every:
            known = facts(one, credits=[ama(already=credits, already_minutes=held)], now=later)
            if found := sums(whole(known)).get("ama_pra_1"):
                held, credits = held + found[0], credits + found[1]
        assert credits == once[1]

    def test_lines_name_session_type_and_minutes(self):
        assert whole(facts(session())).lines == (Line("ama_pra_1", 1, None, 60, None),)
        assert whole(facts(session(), per_session=True)).lines == (Line("ama_pra_1", 1, None, 60, D("1.00")),)

    def test_sessions_too_short_for_a_quarter_still_count_in_the_total(self):
        known = facts(session(1, minutes=53), session(2, offset=60, minutes=7))
        assert sums(whole(known))["ama_pra_1"][:2] == (60, D("1.00"))

    def test_short_sessions_alone_count_together(self):
        known = facts(*[session(i, offset=10 * i, minutes=7) for i in range(3)])
        assert eligibility.prefill(known) == {0: 0, 1: 0, 2: 0}
        assert sums(whole(known))["ama_pra_1"][:2] == (21, D("0.25"))

    def test_short_sessions_do_not_slip_in_when_somebody_takes_everything_off(self):
        known = facts(session(1), session(2, offset=60, minutes=7), session(3, offset=70, minutes=7))
        assert eligibility.compute(known, dict.fromkeys((1, 2, 3), D(0))) == Computed()

    def test_short_sessions_do_not_count_in_a_series_or_where_they_overlap(self):
        assert whole(facts(session(1, minutes=7), per_session=True)) == Computed()
        known = facts(session(1), session(2, offset=55, minutes=7))
        assert sums(whole(known))["ama_pra_1"][0] == 60

    def test_wrong_8_a_series_rounds_each_session(self):
        """WRONG-8 and decision 7."""
        known = facts(
            session(1, minutes=50),
            session(2, offset=DAY, minutes=50),
            now=START + dt.timedelta(days=3),
            maximum="1.00",
            per_session=True,
        )
        computed = whole(known)
        assert [line.credits for line in computed.lines] == [D("0.75"), D("0.75")]
        assert sums(computed) == {"ama_pra_1": (100, D("1.50"), D("2.00"), "2 sessions, each rounded by itself.")}

    def test_one_session_of_a_series_says_its_minutes_and_is_capped(self):
        assert sums(whole(facts(session(minutes=90), maximum="1.00", per_session=True))) == {
            "ama_pra_1": (90, D("1.00"), D("1.00"), "90 minutes."),
        }

    def test_the_total_never_exceeds_what_is_left_of_the_designation(self):
        known = facts(session(), session(2, offset=60), credits=[ama("2.00", already=D("1.50"))])
        assert sums(whole(known)) == {
            "ama_pra_1": (120, D("0.50"), D("2.00"), "60 + 60 = 120 minutes, rounded once. Not more than the 2.00 designated."),
        }  # fmt: skip

    def test_exactly_the_designation_is_not_called_capped(self):
        assert whole(facts(session(), maximum="1.00")).totals[0].sentence == "60 minutes."

    def test_a_designation_used_up_leaves_the_type_out(self):
        known = facts(session(), credits=[ama("1.00", already=D("1.00"))])
        assert whole(known) == Computed((), (LeftOut("ama_pra_1", "You hold all of it: 1.00."),))

    @pytest.mark.parametrize(
        ("value", "minutes", "amount"),
        [("1.00", 52, "0.75"), ("0.75", 52, "0.75"), ("0.50", 30, "0.50"), ("0.25", 15, "0.25")],
    )
    def test_a_lowered_session_counts_the_minutes_chosen_and_one_at_its_cap_all_it_supports(
        self, value, minutes, amount
    ):
        one = session(evidence=(52,))
        if value == "1.00":
            assert refused(facts(one), {1: D(value)}) == ({1: "At most 0.75: 52 of 60 minutes, so up to 0.75."}, {})
            return
        assert sums(eligibility.compute(facts(one), {1: D(value)}))["ama_pra_1"][:2] == (minutes, D(amount))

    @pytest.mark.parametrize(
        ("value", "sentence"),
        [
            ("1.25", "At most 1.00: All 60 minutes."),
            ("0.30", "Choose in steps of 0.25."),
            ("-0.25", "Choose in steps of 0.25."),
        ],
    )
    def test_a_choice_that_cannot_stand_is_named(self, value, sentence):
        assert refused(facts(session()), {1: D(value)}) == ({1: sentence}, {})

    @pytest.mark.parametrize(
        ("value", "sentence"),
        [
            ("61", "At most 60 minutes: All 60 minutes."),
            ("30.5", "Write whole minutes."),
            ("-1", "Write whole minutes."),
        ],
    )
    def test_minutes_that_cannot_stand_are_named(self, value, sentence):
        assert refused(facts(session(), credits=[ancc()]), {1: D(value)}) == ({1: sentence}, {})

    def test_a_session_without_evidence_cannot_be_chosen(self):
        assert refused(facts(session(evidence=())), {1: D("0.25")}) == (
            {1: "We found no check-in under your name."},
            {},
        )

    def test_nothing_is_computed_where_nothing_was_designated(self):
        assert refused(facts(session(), credits=()), {1: D("1.00")}) == ({}, {})

    def test_wrong_5_attendance_carries_no_credit_and_names_the_designated_maximum(self):
        """WRONG-5: the claim holds minutes; the number on the paper is the maximum (AMA-CERT-2)."""
        known = facts(session(), credits=[attendance("5.50")])
        assert sums(eligibility.compute(known, {1: D("1.00")})) == {"attendance": (60, D(0), D("5.50"), "60 minutes.")}

    def test_attendance_of_a_series_names_the_maximum_of_its_sessions(self):
        known = facts(session(1), session(2, offset=60), credits=[attendance("1.00", per_session=True)])
        computed = whole(known)
        assert sums(computed) == {"attendance": (120, D(0), D("2.00"), "60 + 60 = 120 minutes, rounded once.")}
        assert [line.credits for line in computed.lines] == [D(0), D(0)]

    def test_unknown_sessions_zeros_and_sessions_left_out_are_no_lines(self):
        known = facts(session(1), session(2, offset=60))
        assert eligibility.compute(known, {1: D("0.00"), 99: D("1.00")}) == Computed()


class TestSeveralTypes:
    def test_each_type_rounds_the_same_minutes_by_its_own_rule(self):
        """IP-1, IP-2: a nurse practitioner who is also … has a line per type; no type borrows another's rounding."""
        known = facts(session(evidence=(50,)), credits=[ama(), ancc(), credit("cperp", "half_down", "5.50")])
        assert {t.code: t.credits for t in whole(known).totals} == {
            "ama_pra_1": D("0.75"),
            "ancc": D("0.83"),
            "cperp": D("0.50"),
        }
        assert whole(known).of("ancc").credits == D("0.83")
        assert whole(known).of("acpe") is None

    def test_minutes_are_chosen_where_the_leading_type_counts_them(self):
        known = facts(session(), credits=[ancc()])
        assert eligibility.prefill(known) == {1: D(60)}
        assert sums(eligibility.compute(known, {1: D(50)}))["ancc"][:2] == (50, D("0.83"))

    def test_a_type_that_was_claimed_before_is_not_claimed_again(self):
        known = facts(session(claimed={"ama_pra_1"}), credits=[ama(), credit("ipce", "quarter_nearest", "5.50")])
        computed = whole(known)
        assert {t.code for t in computed.totals} == {"ipce"}
        assert computed.left_out == (LeftOut("ama_pra_1", "Nothing of this counts for AMA credits."),)

    def test_only_whole_sessions_count_where_partial_attendance_gets_none(self):
        """APA-1."""
        known = facts(session(1), session(2, offset=60, evidence=(59,)), credits=[apa()])
        assert sums(whole(known)) == {"apa": (60, D("1.00"), D("5.50"), "60 minutes.")}
        short = facts(session(evidence=(59,)), credits=[apa()])
        assert whole(short).left_out == (LeftOut("apa", "Only whole sessions count for CE credits."),)
        other = facts(session(), credits=[apa(covers=frozenset({9})), ama()])
        assert whole(other).left_out == (LeftOut("apa", "Nothing of this counts for CE credits."),)

    @pytest.mark.parametrize(
        ("minutes", "already", "reason"),
        [(59, "0.00", "CE credits begin at 1.00; this comes to 0.75."), (60, "0.00", ""), (30, "0.50", ""), (30, "0.25", "CE credits begin at 1.00; this comes to 0.50.")],
    )  # fmt: skip
    def test_a_minimum_is_reached_by_all_that_is_held(self, minutes, already, reason):
        computed = whole(facts(session(minutes=minutes), credits=[apa(already=D(already))]))
        assert [o.reason for o in computed.left_out] == ([reason] if reason else [])
        assert bool(computed.totals) == (not reason)

    def test_a_minimum_holds_for_each_session_of_a_series(self):
        known = facts(session(1), session(2, offset=60, minutes=45), credits=[apa("2.00", per_session=True)])
        assert [(line.session_id, line.credits) for line in whole(known).lines] == [(1, D("1.00"))]
        short = facts(session(minutes=45), credits=[apa("2.00", per_session=True)])
        assert whole(short).left_out == (LeftOut("apa", "Too short for CE credits."),)

    def test_too_little_time_is_said(self):
        known = facts(
            session(evidence=(10,)), credits=[ancc(), credit("aswb", "half_down", "5.00", name="ACE credits")]
        )
        assert whole(known).left_out == (LeftOut("aswb", "Too short for ACE credits."),)


class TestPointsThatFollow:
    """MOC-5: points equal the credit claimed, and fewer where only part qualifies."""

    def test_points_equal_the_credit_claimed(self):
        known = facts(session(1), session(2, offset=60), credits=[ama(), moc()])
        computed = eligibility.compute(known, {1: D("1.00"), 2: D("0.75")})
        assert {t.code: t.credits for t in computed.totals} == {"ama_pra_1": D("1.75"), "moc_abim": D("1.75")}

    def test_only_sessions_that_qualify_give_points(self):
        known = facts(
            *[session(i, offset=60 * i) for i in range(1, 5)], credits=[ama(), moc("2.00", covers=frozenset({2, 3}))]
        )
        computed = whole(known)
        assert {t.code: (t.credits, len(t.lines)) for t in computed.totals} == {
            "ama_pra_1": (D("4.00"), 4),
            "moc_abim": (D("2.00"), 2),
        }

    def test_points_are_never_more_than_the_credit_that_was_left(self):
        known = facts(session(1), session(2, offset=60), credits=[ama("1.25"), moc("2.00")])
        computed = whole(known)
        assert computed.of("moc_abim").credits == D("1.25")
        assert (
            computed.of("moc_abim").sentence == "60 + 60 = 120 minutes, rounded once. Not more than the credit claimed."
        )

    def test_points_of_a_series_are_those_of_each_line(self):
        known = facts(
            session(1, minutes=90),
            session(2, offset=90),
            credits=[ama("1.00", per_session=True), moc("2.00", per_session=True)],
        )
        assert [(x.code, x.session_id, x.credits) for x in whole(known).lines] == [
            ("ama_pra_1", 1, D("1.00")), ("ama_pra_1", 2, D("1.00")), ("moc_abim", 1, D("1.00")), ("moc_abim", 2, D("1.00")),
        ]  # fmt: skip

    def test_without_the_evaluation_there_are_none(self):
        """MOC-3: participation alone is not enough."""
        known = facts(session(), evaluation_required=False, evaluation_done=False, credits=[ama(), moc()])
        assert whole(known).left_out == (LeftOut("moc_abim", "MOC points need the evaluation first."),)

    def test_where_a_board_wants_the_assessment_passed_it_decides(self):
        kinds = [ama(), moc(needs="passed")]
        assert whole(facts(session(), credits=kinds)).left_out == (
            LeftOut("moc_abim", "MOC points need the assessment passed."),
        )
        assert whole(facts(session(), credits=kinds, passed=True)).of("moc_abim").credits == D("1.00")

    def test_points_claimed_afterwards_follow_what_was_claimed(self):
        held = session(claimed={"ama_pra_1"}, held={"ama_pra_1": 45})
        known = facts(held, credits=[moc(followed=D("0.75"))])
        assert eligibility.verdict(known, held).minutes == 45
        assert eligibility.prefill(known) == {1: D("1.00")}
        assert sums(whole(known))["moc_abim"][:2] == (45, D("0.75"))

    def test_points_claimed_afterwards_in_a_series_follow_the_minutes_of_the_line(self):
        held = session(claimed={"ama_pra_1"}, held={"ama_pra_1": 45})
        known = facts(held, credits=[moc("1.00", followed=D("0.75"), per_session=True)])
        assert [x.credits for x in whole(known).lines] == [D("0.75")]

    def test_points_alone_wait_for_the_credit(self):
        known = facts(session(), credits=[moc()])
        found = eligibility.verdict(known, session())
        assert (found.verdict, found.reason) == ("refused", "MOC points follow the credit that you claim first.")
        assert [(b.code, b.message) for b in eligibility.blockers(known)] == [("refused", found.reason)]

    def test_points_are_left_out_where_the_credit_is(self):
        known = facts(session(1), credits=[ama(covers=frozenset({9})), credit("x", "quarter_nearest", "2.00"), moc()])
        assert whole(known).left_out[-1] == LeftOut(
            "moc_abim", "MOC points follow the credit you claim; none of it is claimed here."
        )

    def test_points_all_held_are_left_out(self):
        held = session(claimed={"ama_pra_1"}, held={"ama_pra_1": 60})
        known = facts(held, credits=[moc(followed=D("1.00"), already=D("1.00"))])
        assert whole(known).left_out == (LeftOut("moc_abim", "You hold all of it: 1.00."),)


class TestTheClock:
    """AMA-CALC-4: parallel sessions count once; nobody sits in two rooms."""

    def test_of_sessions_that_overlap_only_one_is_offered_whole(self):
        known = facts(session(1), session(2, offset=30))
        assert eligibility.prefill(known) == {1: D("1.00"), 2: D("0.00")}
        assert refused(known, {1: D("1.00"), 2: D("1.00")}) == (
            {2: "Overlaps with “Session 1”: together no more than 90 minutes, the time they took (AMA-CALC-4)."}, {},
        )  # fmt: skip

    def test_the_ones_that_come_to_most_are_offered(self):
        known = facts(session(1, minutes=20), session(2, offset=10, minutes=90), session(3, offset=100, minutes=30))
        assert eligibility.prefill(known) == {1: 0, 2: D("1.50"), 3: D("0.50")}

    def test_in_a_series_credit_decides_not_minutes(self):
        known = facts(
            session(1, minutes=68), session(2, minutes=70), session(3, minutes=67), maximum="2.00", per_session=True
        )
        assert eligibility.prefill(known) == {1: 0, 2: D("1.25"), 3: 0}
        close = facts(
            session(1, minutes=60),
            session(2, minutes=53),
            session(3, offset=53, minutes=8),
            maximum="2.00",
            per_session=True,
        )
        assert eligibility.prefill(close) == {1: 0, 2: D("1.00"), 3: D("0.25")}

    def test_who_left_one_room_early_may_claim_the_rest_in_the_other(self):
        known = facts(session(1), session(2))
        assert sums(eligibility.compute(known, {1: D("0.50"), 2: D("0.50")}))["ama_pra_1"][:2] == (60, D("1.00"))
        assert refused(known, {1: D("0.75"), 2: D("0.50")})[0] == {
            2: "Overlaps with “Session 1”: together no more than 60 minutes, the time they took (AMA-CALC-4).",
        }  # fmt: skip

    def test_sessions_that_touch_do_not_overlap(self):
        assert len(whole(facts(session(1), session(2, offset=60))).lines) == 2

    def test_three_rooms_hold_no_more_than_the_clock(self):
        known = facts(session(1), session(2, offset=30), session(3, offset=60))
        fits = {1: D("1.00"), 2: D("0.25"), 3: D("0.75")}
        assert sums(eligibility.compute(known, fits))["ama_pra_1"][0] == 120
        assert set(refused(known, fits | {3: D("1.00")})[0]) == {3}

    def test_a_claim_elsewhere_at_the_same_time_counts_too(self):
        other = Busy("Grand Rounds", START, START + dt.timedelta(minutes=60), 60)
        known = facts(session(1, offset=30), busy=(other,))
        assert eligibility.prefill(known) == {1: 0}
        assert refused(known, {1: D("1.00")})[0] == {
            1: "Overlaps with “Grand Rounds”: together no more than 90 minutes, the time they took (AMA-CALC-4).",
        }  # fmt: skip
        assert eligibility.compute(known, {1: D("0.50")}).totals[0].credits == D("0.50")

    def test_another_type_of_the_same_session_takes_no_time_of_its_own(self):
        same = Busy("Session 1", START, START + dt.timedelta(minutes=60), 60, session_id=1)
        known = facts(session(claimed={"attendance"}), busy=(same,))
        assert eligibility.prefill(known) == {1: D("1.00")}
        assert whole(known).totals[0].credits == D("1.00")


class TestTakingBack:
    """`clashes`: whether minutes claimed once still have room on the clock (AMA-CALC-4)."""

    def test_there_is_room_for_what_nobody_else_took(self):
        known = facts(session(1), session(2, offset=60))
        assert eligibility.clashes(known, {1: 60, 2: 60}) == []

    def test_a_claim_made_since_for_the_same_hour_leaves_no_room(self):
        other = Busy("The other room", START, START + dt.timedelta(minutes=60), 40)
        known = facts(session(1), session(2, offset=60), busy=(other,))
        sentence = "Overlaps with “The other room”: together no more than 60 minutes, the time they took (AMA-CALC-4)."
        assert eligibility.clashes(known, {1: 60, 2: 60}) == [sentence]
        assert eligibility.clashes(known, {1: 20}) == []
        assert eligibility.clashes(known, {2: 60}) == []


def test_work_that_stands_for_no_time_has_no_minutes():
    assert WorkFacts(id=1, kind="review", title="A review", at=START).minutes == 0


class TestWork:
    def test_a_passed_assessment_gives_the_time_it_stands_for(self):
        """AMA-FMT-2: enduring material, with a mark set and told beforehand."""
        done = work(score=D("80.00"), needed=D("70.00"), minutes=90)
        known = facts(works=(done,), credits=[ama("1.50")], work_wanted="assessment")
        found = eligibility.work_verdict(known, done)
        assert (found.verdict, found.reason, found.minutes, found.cap, found.measure, found.is_claimable) == (
            "claimable", "Passed with 80%", 90, D("1.50"), "credit", True,
        )  # fmt: skip
        assert whole(known).lines == (Line("ama_pra_1", None, 1, 90, None),)
        assert sums(eligibility.compute(known, {}, {1: D("1.00")}))["ama_pra_1"][:2] == (60, D("1.00"))

    def test_wrong_7_below_the_mark_nothing_is_claimed(self):
        """WRONG-7: "marked as done" gives no credit."""
        failed = work(accepted=False, score=D("60.00"), needed=D("70.00"))
        known = facts(works=(failed,), work_wanted="assessment")
        sentence = "Your result was 60%; 70% is needed."
        assert [(b.code, b.message) for b in eligibility.blockers(known)] == [("refused", sentence)]
        assert refused(known, works={1: D("1.00")}) == ({}, {1: sentence})
        assert eligibility.prefill_works(known) == {}

    @pytest.mark.parametrize(
        ("change", "verdict", "reason"),
        [
            ({"claimed": {"ama_pra_1"}}, "claimed", "Claimed already."),
            ({"accepted": False}, "refused", "This is not passed yet."),
            ({"accepted": False, "score": D(5)}, "refused", "This is not passed yet."),
            ({"accepted": False, "needed": D(5)}, "refused", "This is not passed yet."),
            ({"accepted": False, "kind": "completion"}, "refused", "This is not complete yet."),
            ({"kind": "review"}, "not_covered", "No credit of yours was designated for this."),
            ({"kind": "teaching"}, "not_covered", "No credit of yours was designated for this."),
            ({"after": 2 * DAY}, "not_yet", "Credit can be claimed when it is over."),
            ({"after": DAY}, "claimable", "Passed"),
            ({"after": -29 * DAY}, "claimable", "Passed"),
            ({"after": -29 * DAY - 1}, "closed", "The time to claim has passed."),
            ({"kind": "completion"}, "claimable", "Complete"),
        ],
    )
    def test_each_piece_of_work_says_where_it_stands(self, change, verdict, reason):
        one = work(**change)
        found = eligibility.work_verdict(facts(works=(one,)), one)
        assert (found.verdict, found.reason) == (verdict, reason)
        assert found.is_claimable or found.minutes == 0

    def test_after_the_activity_expired_nothing_is_claimed(self):
        """CME-EM-2."""
        one = work()
        expired = facts(works=(one,), expires_at=START + dt.timedelta(hours=23))
        assert eligibility.work_verdict(expired, one).verdict == "closed"
        assert eligibility.work_verdict(facts(works=(one,), expires_at=START + dt.timedelta(days=1)), one).is_claimable
        late = work(after=-40 * DAY)
        assert (
            eligibility.work_verdict(facts(works=(late,), expires_at=START + dt.timedelta(days=90)), late).verdict
            == "closed"
        )

    def test_an_assessment_gives_every_type_its_own_credit(self):
        known = facts(works=(work(minutes=50),), credits=[ancc(), ama()])
        found = eligibility.work_verdict(known, known.works[0])
        assert (found.measure, found.cap) == ("minutes", D(50))
        assert {t.code: t.credits for t in whole(known).totals} == {"ancc": D("0.83"), "ama_pra_1": D("0.75")}

    def test_whole_only_types_want_all_of_the_time(self):
        known = facts(works=(work(),), credits=[ama(), apa()])
        assert eligibility.compute(known, {}, {1: D("0.75")}).left_out == (
            LeftOut("apa", "Only whole sessions count for CE credits."),
        )
        assert whole(known).of("apa").credits == D("1.00")

    def test_stages_add_up_to_more_when_all_three_are_done(self):
        """AMA-FMT-6: five a stage, twenty for all in sequence."""
        stages = [work(i, f"stage_{x}", after=i * DAY, minutes=0) for i, x in enumerate("abc")]
        known = facts(works=stages, credits=[pi()], now=START + dt.timedelta(days=4))
        assert eligibility.prefill_works(known) == {0: D("5.00"), 1: D("5.00"), 2: D("5.00")}
        computed = whole(known)
        assert [(line.work_id, line.credits) for line in computed.lines] == [
            (0, D("5.00")),
            (1, D("5.00")),
            (2, D("10.00")),
        ]
        assert sums(computed) == {"ama_pra_1": (0, D("20.00"), D("20.00"), "5.00 + 5.00 + 10.00 = 20.00.")}
        assert sums(eligibility.compute(known, {}, {0: D("5.00")})) == {
            "ama_pra_1": (0, D("5.00"), D("20.00"), "5.00.")
        }

    def test_the_last_stage_claimed_later_brings_the_rest(self):
        stages = [
            work(i, f"stage_{x}", after=i * DAY, minutes=0, claimed={"ama_pra_1"} if i < 2 else ())
            for i, x in enumerate("abc")
        ]
        known = facts(works=stages, credits=[pi(already=D("10.00"))], now=START + dt.timedelta(days=4))
        assert eligibility.prefill_works(known) == {2: D("10.00")}
        assert whole(known).totals[0].credits == D("10.00")

    def test_stages_start_with_a(self):
        b, c = work(2, "stage_b", after=DAY), work(3, "stage_c", after=2 * DAY)
        known = facts(works=(b, c), credits=[pi()], now=START + dt.timedelta(days=4))
        assert [eligibility.work_verdict(known, w).reason for w in (b, c)] == [
            "Stage A comes first, and we have no record of it."
        ] * 2
        late = work(1, "stage_a", after=DAY + 1)
        known = facts(works=(late, b), credits=[pi()], now=START + dt.timedelta(days=4))
        assert [eligibility.work_verdict(known, w).verdict for w in (late, b)] == ["claimable", "refused"]
        open_a = work(1, "stage_a", accepted=False)
        known = facts(works=(open_a, b), credits=[pi()], now=START + dt.timedelta(days=4))
        assert eligibility.work_verdict(known, b).verdict == "refused"
        a = work(1, "stage_a")
        known = facts(works=(a, c), credits=[pi()], now=START + dt.timedelta(days=4))
        assert eligibility.work_verdict(known, c).reason == "Stage B comes first, and we have no record of it."

    def test_stages_of_months_are_claimed_together(self):
        stages = [
            work(1, "stage_a"),
            work(2, "stage_b", after=80 * DAY),
            work(3, "stage_c", after=90 * DAY, accepted=False),
        ]
        known = facts(works=stages, credits=[pi()], now=START + dt.timedelta(days=110))
        assert [eligibility.work_verdict(known, w).verdict for w in stages] == ["claimable", "claimable", "refused"]
        over = facts(works=stages, credits=[pi()], now=START + dt.timedelta(days=110, minutes=1))
        assert eligibility.work_verdict(over, stages[0]).verdict == "closed"

    def test_reviews_count_when_the_editor_approved_them(self):
        """AMA-FMT-5."""
        done, waiting = work(1, "review", minutes=0), work(2, "review", minutes=0, accepted=False)
        known = facts(works=(done, waiting), credits=[reviews()])
        assert [eligibility.work_verdict(known, w).reason for w in (done, waiting)] == [
            "Approved by the editor", "The editor has not approved this review.",
        ]  # fmt: skip
        assert sums(whole(known)) == {"ama_pra_1": (0, D("3.00"), D("3.00"), "3.00.")}

    def test_every_review_has_its_own_maximum(self):
        known = facts(works=(work(1, "review"), work(2, "review", after=5)), credits=[reviews()])
        assert sums(whole(known)) == {"ama_pra_1": (120, D("6.00"), D("6.00"), "3.00 + 3.00 = 6.00.")}

    def test_cycles_stop_at_the_maximum_of_the_activity(self):
        """AMA-FMT-7."""
        done = [work(i, "cycle", after=i, minutes=0) for i in range(1, 4)]
        known = facts(works=done, credits=[cycles("2.00", already=D("1.25"))])
        computed = whole(known)
        assert [(x.work_id, x.credits) for x in computed.lines] == [(1, D("0.50")), (2, D("0.25"))]
        full = facts(works=done, credits=[cycles("2.00", already=D("2.00"))])
        assert whole(full).left_out == (LeftOut("ama_pra_1", "You hold all of it: 2.00."),)

    def test_work_of_another_kind_is_not_taken_by_types_that_count_time(self):
        done = work(1, "review")
        known = facts(session(), works=(done,), credits=[ama()])
        assert eligibility.work_verdict(known, done).verdict == "not_covered"
        only = facts(works=(work(1, "assessment"),), credits=[reviews()])
        assert eligibility.work_verdict(only, only.works[0]).verdict == "not_covered"


class TestTeaching:
    """AMA-FMT-1T: two credits for an hour presented; never for attending the same session too."""

    def test_an_hour_presented_is_two_credits(self):
        one, two = session(1), session(2, offset=60)
        known = facts(one, two, works=(teaching(7, one),), credits=[ama(), faculty()])
        assert (eligibility.prefill(known), eligibility.prefill_works(known)) == ({1: 0, 2: D("1.00")}, {7: D("2.00")})
        computed = whole(known)
        assert {t.code: (t.credits, t.designated) for t in computed.totals} == {
            "ama_pra_1": (D("1.00"), D("5.50")), "ama_pra_1_teaching": (D("2.00"), D("2.00")),
        }  # fmt: skip
        assert computed.of("ama_pra_1_teaching").lines == (Line("ama_pra_1_teaching", 1, 7, 60, D("2.00")),)
        assert eligibility.work_verdict(known, known.works[0]).reason == "60 minutes presented"

    @pytest.mark.parametrize(("minutes", "amount"), [(20, "0.75"), (30, "1.00"), (4, "0.25"), (3, None), (90, "2.00")])
    def test_teaching_rounds_to_the_quarter_and_stops_at_its_maximum(self, minutes, amount):
        one = session(minutes=90)
        known = facts(one, works=(teaching(7, one, minutes=minutes),), credits=[ama(), faculty()])
        total = eligibility.compute(known, {}, {7: D(1)}).of("ama_pra_1_teaching")
        assert (total.credits if total else None) == (D(amount) if amount else None)

    def test_teaching_and_attending_the_same_session_is_refused(self):
        one = session()
        known = facts(one, works=(teaching(7, one),), credits=[ama(), faculty()])
        assert refused(known, {1: D("1.00")}, {7: D("2.00")}) == ({1: eligibility.TAUGHT}, {})
        assert eligibility.compute(known, {1: D("1.00")}).of("ama_pra_1").credits == D("1.00")

    def test_what_was_claimed_of_the_family_is_not_claimed_the_other_way(self):
        attended = session(claimed={"ama_pra_1"})
        known = facts(attended, works=(teaching(7, attended),), credits=[ama(), faculty()])
        assert eligibility.work_verdict(known, known.works[0]).verdict == "claimed"
        assert eligibility.verdict(known, attended).verdict == "claimed"

    def test_a_repeated_presentation_counts_once(self):
        one = session()
        known = facts(one, works=(teaching(7, one, repeated=True),), credits=[ama(), faculty()])
        found = eligibility.work_verdict(known, known.works[0])
        assert (found.verdict, found.reason) == ("refused", "A presentation that is repeated counts once (AMA-FMT-1T).")
        assert eligibility.prefill(known) == {1: D("1.00")}

    def test_a_cancelled_session_was_not_taught(self):
        one = session(cancelled=True)
        known = facts(one, works=(teaching(7, one),), credits=[ama(), faculty()])
        found = eligibility.work_verdict(known, known.works[0])
        assert (found.verdict, found.reason) == ("cancelled", "This session was cancelled.")

    def test_who_teaches_is_not_elsewhere_at_that_time(self):
        one, two = session(1), session(2)
        known = facts(one, two, works=(teaching(7, one),), credits=[ama(), faculty()])
        assert eligibility.prefill(known) == {1: 0, 2: 0}
        assert refused(known, {2: D("1.00")}, {7: D("2.00")}) == (
            {2: "Overlaps with “Session 1”: together no more than 60 minutes, the time they took (AMA-CALC-4)."}, {},
        )  # fmt: skip
        short = facts(one, two, works=(teaching(7, one, minutes=20),), credits=[ama(), faculty()])
        assert eligibility.compute(short, {2: D("0.50")}, {7: D("0.75")}).of("ama_pra_1").credits == D("0.50")

    def test_teaching_while_credit_was_claimed_elsewhere_is_refused(self):
        one = session()
        other = Busy("Grand Rounds", START, START + dt.timedelta(minutes=60), 60)
        known = facts(one, works=(teaching(7, one),), credits=[ama(), faculty()], busy=(other,))
        assert refused(known, {}, {7: D("2.00")}) == (
            {}, {7: "Overlaps with “Grand Rounds”: together no more than 60 minutes, the time they took (AMA-CALC-4)."},
        )  # fmt: skip

    def test_a_short_session_taught_does_not_count_as_attended_too(self):
        long, short = session(1), session(2, offset=60, minutes=5)
        known = facts(long, short, works=(teaching(7, short, minutes=5),), credits=[ama(), faculty()])
        computed = whole(known)
        assert [(x.code, x.session_id) for x in computed.lines] == [("ama_pra_1", 1), ("ama_pra_1_teaching", 2)]

    def test_teaching_alone_leaves_attendance_out(self):
        one = session()
        known = facts(one, works=(teaching(7, one),), credits=[ama(), faculty()])
        assert whole(known).left_out == (LeftOut("ama_pra_1", "Nothing of this counts for AMA credits."),)


@pytest.mark.parametrize("days", [-400, -1, 0, 1, 400])
def test_leave_to_claim_late_never_shortens_the_time(days):
    one = session()
    known = facts(one)
    usual = known.closes_at(one)
    until = usual + dt.timedelta(days=days)
    assert known.closes_at(replace(one, late_until=until)) == max(usual, until)
