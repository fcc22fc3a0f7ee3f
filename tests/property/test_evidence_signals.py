"""What stands out among check-ins: each threshold from both sides, and what holds for any rows."""

import datetime as dt
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.domain import signals
from activities.domain.signals import Limits, Slot, Tap

START = dt.datetime(2026, 11, 17, 12, tzinfo=dt.UTC)
LIMITS = Limits(
    device_people=4, burst_people=8, burst_seconds=10, burst_after_minutes=30, crowd_percent=150, late_minutes=5, late_people=3, guess_tries=10
)  # fmt: skip
SLOT = Slot(1, START - dt.timedelta(minutes=30), START, START + dt.timedelta(hours=1), START - dt.timedelta(days=3))


def tap(n, *, minutes=0.0, device="", who=None, session=1):
    return Tap(n, session, who or f"p{n}", START + dt.timedelta(minutes=minutes), device)


def found(taps, slot=SLOT):
    return [(s.kind, s.key, s.size) for s in signals.of_sessions({1: slot}, taps, LIMITS)]


@pytest.mark.parametrize(("people", "shown"), [(3, []), (4, [("device", "device:1:abc", 4)])])
def test_four_people_on_one_browser(people, shown):
    assert found([tap(n, minutes=n, device="abc") for n in range(people)]) == shown


def test_one_person_who_checks_in_often_on_one_browser_is_one_person():
    assert found([tap(n, minutes=n, device="abc", who="p1") for n in range(9)]) == []


def test_a_browser_is_counted_in_each_session_by_itself():
    other = Slot(2, SLOT.opens_at, SLOT.starts_at, SLOT.ends_at)
    taps = [tap(n, device="abc", session=1 + n % 2) for n in range(6)]
    assert signals.of_sessions({1: SLOT, 2: other}, taps, LIMITS) == []


@pytest.mark.parametrize(
    ("at", "people", "apart", "shown"),
    [
        (29.9, 20, 0.2, False), (30, 8, 0.5, True), (30, 7, 0.5, False), (45, 8, 1.5, False), (45, 8, 1.42, True),
    ],
)  # fmt: skip
def test_many_within_seconds_long_after_the_beginning(at, people, apart, shown):
    taps = [tap(n, minutes=at + n * apart / 60) for n in range(people)]
    assert found(taps) == ([("burst", "burst:1", people)] if shown else [])


def test_a_hall_that_scans_at_the_beginning_does_not_stand_out():
    assert found([tap(n, minutes=n / 300) for n in range(300)]) == []


def test_a_code_that_was_released_late_makes_the_hall_scan_late():
    late = Slot(1, SLOT.opens_at, SLOT.starts_at, SLOT.ends_at, START + dt.timedelta(minutes=40))
    assert found([tap(n, minutes=41 + n / 60) for n in range(10)], late) == []


@pytest.mark.parametrize(
    ("places", "people", "shown"), [(10, 15, False), (10, 16, True), (None, 500, False), (0, 500, False)]
)
def test_many_more_than_expected(places, people, shown):
    slot = Slot(1, SLOT.opens_at, SLOT.starts_at, SLOT.ends_at, SLOT.released_at, places)
    assert found([tap(n, minutes=n / 100) for n in range(people)], slot) == (
        [("crowd", "crowd:1", people)] if shown else []
    )


@pytest.mark.parametrize(
    ("minutes", "people", "shown"),
    [(65, 5, False), (65.1, 3, True), (65.1, 2, False), (-30, 5, False), (-30.1, 3, True)],
)
def test_outside_of_the_hours(minutes, people, shown):
    taps = [tap(n, minutes=minutes + n / 1000 if minutes > 0 else minutes - n / 1000) for n in range(people)]
    if minutes == -30:
        taps = [tap(n, minutes=-30) for n in range(people)]
    if minutes == 65:
        taps = [tap(n, minutes=65) for n in range(people)]
    assert found(taps) == ([("time", "time:1", people)] if shown else [])


def tries(who, count, *, start=START, apart=1):
    return [(who, start + dt.timedelta(minutes=apart * n)) for n in range(count)]


@pytest.mark.parametrize(("count", "sizes"), [(9, []), (10, [10]), (40, [40])])
def test_wrong_codes(count, sizes):
    assert [s.size for s in signals.of_guesses(tries("p1", count), LIMITS)] == sizes


def test_wrong_codes_of_many_people_or_many_days_do_not_add_up():
    of_many = [t for n in range(20) for t in tries(f"p{n}", 5)]
    of_days = [t for n in range(5) for t in tries("somebody", 5, start=START + dt.timedelta(days=n))]
    assert signals.of_guesses(of_many + of_days, LIMITS) == []


def test_more_wrong_codes_keep_the_key_and_change_the_size():
    one, two = (signals.of_guesses(tries("p1", n), LIMITS)[0] for n in (10, 11))
    assert (one.key, one.size, two.size) == (two.key, 10, 11)


TAPS = st.lists(st.tuples(st.integers(0, 30), st.floats(-60, 120), st.sampled_from(["", "a", "b"])), max_size=60).map(
    lambda rows: [tap(n, minutes=m, device=d, who=f"p{who}") for n, (who, m, d) in enumerate(rows)]
)


@given(TAPS, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(taps, rnd: random.Random):
    mixed = taps[:]
    rnd.shuffle(mixed)
    assert found(mixed) == found(taps)


@given(TAPS, TAPS)
def test_more_rows_never_make_less_of_a_signal(taps, more):
    more = [Tap(t.evidence + 1000, t.session, t.who, t.at, t.device) for t in more]
    before, after = ({key: size for _kind, key, size in found(rows)} for rows in (taps, taps + more))
    assert all(after.get(key, 0) >= size for key, size in before.items())


@given(TAPS)
def test_a_signal_names_as_many_people_as_it_says(taps):
    for signal in signals.of_sessions({1: SLOT}, taps, LIMITS):
        assert signal.size == len(set(signal.who))
        assert set(signal.who) <= {t.who for t in taps}
