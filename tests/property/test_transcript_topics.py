"""Minutes of a topic that a claim counts: never more than there were, in proportion to what was claimed."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from credits.domain import topics
from credits.models import CreditType

TAGGED = st.dictionaries(st.sampled_from(["pain", "ethics", "sud"]), st.integers(1, 600))


@given(TAGGED, st.integers(0, 2000), st.integers(0, 2000))
def test_never_more_than_the_topic_took_nor_than_was_claimed(tagged, credited, offered):
    found = topics.counted(tagged, credited=credited, offered=offered)
    for code, minutes in found.items():
        assert 0 < minutes <= tagged[code]
        assert minutes * offered <= tagged[code] * credited
    if 0 < offered <= credited:
        assert found == tagged


@given(TAGGED, st.integers(0, 600), st.integers(0, 600), st.integers(1, 600))
def test_claiming_more_counts_no_less(tagged, less, more, offered):
    few, many = sorted((less, more))
    first = topics.counted(tagged, credited=few, offered=offered)
    second = topics.counted(tagged, credited=many, offered=offered)
    assert all(second.get(code, 0) >= minutes for code, minutes in first.items())


@given(st.integers(0, 6000), st.integers(0, 400))
def test_time_counts_for_no_more_than_was_claimed(minutes, quarters):
    credit = Decimal(quarters) / 4
    found = topics.credited_minutes(minutes, credit, CreditType(code="ama_pra_1"))
    assert found == (min(minutes, quarters * 15) if minutes else quarters * 15)  # no clock measures a stage or a review
    assert topics.credited_minutes(minutes, credit, CreditType(code="t", teaching=True)) == quarters * 15
    assert (
        topics.credited_minutes(minutes, Decimal("0.00"), CreditType(code="attendance", is_attendance=True)) == minutes
    )


@given(st.integers(0, 5000), st.lists(st.integers(0, 300), min_size=1, max_size=9))
def test_nothing_of_an_amount_is_lost_or_made_by_spreading_it(amount, weights):
    found = topics.spread(amount, weights)
    assert (sum(found), len(found)) == (amount, len(weights))
    assert all(part >= 0 for part in found)


@given(st.integers(0, 100_000))
def test_hours_are_never_rounded_up(minutes):
    found = topics.hours(minutes)
    assert found * 60 <= minutes < (found + Decimal("0.01")) * 60
