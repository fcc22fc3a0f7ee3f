"""AMA-CALC-1: to the nearest quarter, once; the rulebook's own examples first."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credits.arithmetic import hundredth_down, quarter_nearest, to_credit


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


@given(st.integers(0, 100_000))
def test_nearest_quarter_is_never_more_than_half_a_quarter_away(minutes):
    exact = Decimal(minutes) / 60
    assert abs(quarter_nearest(minutes) - exact) <= Decimal("0.125")
    assert quarter_nearest(minutes) % Decimal("0.25") == 0


@given(st.integers(0, 100_000), st.integers(0, 1000))
def test_more_minutes_are_never_less_credit(minutes, more):
    assert quarter_nearest(minutes + more) >= quarter_nearest(minutes)
    assert hundredth_down(minutes + more) >= hundredth_down(minutes)


@given(st.integers(0, 100_000))
def test_contact_hours_are_never_rounded_up(minutes):
    assert hundredth_down(minutes) * 60 <= minutes


@pytest.mark.parametrize("rounding", [quarter_nearest, hundredth_down])
def test_negative_minutes_are_refused(rounding):
    with pytest.raises(ValueError, match="not negative"):
        rounding(-1)
