"""AMA-CALC-1 and IP-2: each credit type rounds by its own rule, once; the rulebook's own examples first."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credits.arithmetic import ROUNDING, minutes_for, step, to_credit

minutes = st.integers(0, 100_000)
roundings = st.sampled_from(sorted(ROUNDING))
hours = st.sampled_from([30, 50, 60])


@pytest.mark.parametrize(
    ("minutes", "credit"),
    [
        (50, "0.75"),
        (52, "0.75"),
        (53, "1.00"),
        (55, "1.00"),
        (60, "1.00"),
        (67, "1.00"),
        (68, "1.25"),
        (7, "0.00"),
        (8, "0.25"),
        (330, "5.50"),
    ],
)
def test_the_rulebooks_examples(minutes, credit):
    assert to_credit(minutes, "quarter_nearest") == Decimal(credit)


@pytest.mark.parametrize(
    ("minutes", "rounding", "hour", "credit"),
    [
        (59, "quarter_down", 60, "0.75"),
        (60, "quarter_down", 60, "1.00"),
        (44, "half_nearest", 60, "0.50"),
        (45, "half_nearest", 60, "1.00"),  # a tie goes up
        (89, "half_down", 60, "1.00"),
        (50, "hundredth_down", 60, "0.83"),  # 0.8333: ANCC-1, never up
        (59, "hundredth_down", 60, "0.98"),
        (40, "hundredth_down", 60, "0.66"),  # 0.6667 would be nearer to 0.67
        (50, "quarter_nearest", 50, "1.00"),  # ST-CT-1: an hour of 50 minutes
        (60, "quarter_nearest", 30, "2.00"),  # AMA-FMT-1T: two credits for an hour presented
        (20, "quarter_nearest", 30, "0.75"),
    ],
)
def test_every_type_rounds_by_its_own_rule(minutes, rounding, hour, credit):
    found = to_credit(minutes, rounding, hour)
    assert (found, found.as_tuple().exponent) == (Decimal(credit), -2)


@given(minutes, hours)
def test_nearest_is_never_more_than_half_a_step_away(minutes, hour):
    exact = Fraction(minutes, hour)
    assert abs(Fraction(to_credit(minutes, "quarter_nearest", hour)) - exact) <= Fraction(1, 8)
    assert abs(Fraction(to_credit(minutes, "half_nearest", hour)) - exact) <= Fraction(1, 4)


@given(minutes, roundings, hours)
def test_credit_is_a_whole_number_of_steps_and_never_more_than_the_time_where_it_rounds_down(minutes, rounding, hour):
    found = to_credit(minutes, rounding, hour)
    assert found % step(rounding) == 0
    if rounding.endswith("down"):
        assert 0 <= Fraction(minutes, hour) - Fraction(found) < Fraction(step(rounding))


@given(minutes, st.integers(0, 1000), roundings, hours)
def test_more_minutes_are_never_less_credit(minutes, more, rounding, hour):
    assert to_credit(minutes + more, rounding, hour) >= to_credit(minutes, rounding, hour)


@given(st.integers(0, 400), hours)
def test_an_amount_that_was_chosen_comes_back_from_its_minutes(quarters, hour):
    value = quarters * Decimal("0.25")
    assert to_credit(minutes_for(value, hour), "quarter_nearest", hour) == value


@pytest.mark.parametrize(
    ("rounding", "smallest"), [("quarter_nearest", "0.25"), ("half_down", "0.50"), ("hundredth_down", "0.01")]
)
def test_the_step_of_a_rounding(rounding, smallest):
    assert step(rounding) == Decimal(smallest)


@pytest.mark.parametrize(
    ("value", "hour", "minutes"), [("0.75", 60, 45), ("1.00", 50, 50), ("0.00", 60, 0), ("2.00", 30, 60)]
)
def test_minutes_of_an_amount(value, hour, minutes):
    assert minutes_for(Decimal(value), hour) == minutes


@pytest.mark.parametrize("rounding", sorted(ROUNDING))
def test_negative_minutes_are_refused_and_zero_is_none(rounding):
    with pytest.raises(ValueError, match=r"^minutes are not negative$"):
        to_credit(-1, rounding)
    assert to_credit(0, rounding) == 0


def test_a_rounding_that_nobody_wrote_is_an_error():
    with pytest.raises(KeyError):
        to_credit(60, "generous")


@given(st.sampled_from(sorted(ROUNDING)), st.integers(1, 400), st.sampled_from([50, 60]))
def test_what_was_chosen_is_what_is_granted(rounding, parts, hour):
    """Whatever the rounding and the hour: 0.75 chosen is 0.75."""
    value = step(rounding) * parts
    granted = to_credit(minutes_for(value, hour, rounding), rounding, hour)
    assert granted == value or (rounding.startswith("hundredth") and value - Decimal("0.03") < granted <= value)
