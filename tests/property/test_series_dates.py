"""The dates of a series: noon stays noon, whatever the zone of the process, the rule or the year."""

import datetime as dt
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from zoneinfo import ZoneInfo

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given, settings
from hypothesis import strategies as st

from activities.domain.series import WEEKDAYS, Pattern, days, holidays, occurrences

ZONES = (
    "America/New_York",
    "America/Chicago",
    "America/Phoenix",
    "Pacific/Honolulu",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
)
NEW_YORK = "America/New_York"
PROCESS_ZONES = ("UTC", "Pacific/Auckland", "America/Los_Angeles")

patterns = st.one_of(
    st.builds(Pattern, st.lists(st.sampled_from(WEEKDAYS), min_size=1, unique=True).map(tuple), st.integers(1, 2)),
    st.builds(
        Pattern, st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=2, unique=True).map(tuple), st.just(1),
        st.lists(st.sampled_from([1, 2, 3, 4, -1]), min_size=1, unique=True).map(tuple),
    ),
)  # fmt: skip
starts = st.dates(dt.date(2020, 1, 1), dt.date(2040, 12, 31))


@contextmanager
def process_in(zone: str) -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = zone
    time.tzset()
    try:
        yield
    finally:
        os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
        time.tzset()


@given(
    patterns,
    starts,
    st.integers(0, 365),
    st.sampled_from(ZONES),
    st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    st.sampled_from(PROCESS_ZONES),
)
@settings(deadline=None, max_examples=150)
def test_every_session_begins_at_the_hour_on_the_wall(pattern, start, length, zone, at, process_zone):
    end = start + dt.timedelta(days=length)
    with process_in(process_zone):
        found = occurrences(pattern.rule, start, end, at, 50, zone)
        expected = days(pattern.rule, start, end)
    assert len(found) == len(expected)
    for day, (begins, ends) in zip(expected, found, strict=True):
        local = begins.astimezone(ZoneInfo(zone))
        assert start <= day <= end
        assert WEEKDAYS[day.weekday()] in pattern.weekdays
        assert ends - begins == dt.timedelta(minutes=50)
        wanted = dt.datetime.combine(day, at, tzinfo=ZoneInfo(zone))
        exists = wanted.astimezone(dt.UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) == wanted.replace(
            tzinfo=None
        )
        if exists:
            assert (local.date(), local.time()) == (day, at)
        else:  # a skipped time moves forward by what is skipped, at most an hour in these zones
            assert dt.timedelta(0) < local.replace(tzinfo=None) - wanted.replace(tzinfo=None) <= dt.timedelta(hours=1)


@given(patterns, starts, st.integers(0, 365), st.data())
@settings(deadline=None, max_examples=60)
def test_left_out_dates_and_no_others_are_missing(pattern, start, length, data):
    end = start + dt.timedelta(days=length)
    all_days = days(pattern.rule, start, end)
    out = set(data.draw(st.lists(st.sampled_from(all_days), unique=True))) if all_days else set()
    found = occurrences(pattern.rule, start, end, dt.time(12), 60, NEW_YORK, out)
    assert [begins.astimezone(ZoneInfo(NEW_YORK)).date() for begins, _ends in found] == [
        d for d in all_days if d not in out
    ]


@given(patterns)
def test_a_pattern_is_read_back_from_its_rule(pattern):
    again = Pattern.parse(pattern.rule)
    assert again is not None
    assert again.rule == pattern.rule
    assert set(again.weekdays) == set(pattern.weekdays)


def test_case_2_grand_rounds():
    """Tuesdays 12:00-13:00 local, September to June, holidays left out: 38 sessions, noon on both sides of November 1."""
    start, end = dt.date(2026, 9, 8), dt.date(2027, 6, 1)
    closed = holidays(start, end)
    out = {d for d in days("FREQ=WEEKLY;BYDAY=TU", start, end) if d in closed}
    found = occurrences("FREQ=WEEKLY;BYDAY=TU", start, end, dt.time(12), 60, NEW_YORK, out)
    assert out == {dt.date(2026, 12, 29)}
    assert len(found) == 38
    assert found[0] == (dt.datetime(2026, 9, 8, 16, tzinfo=dt.UTC), dt.datetime(2026, 9, 8, 17, tzinfo=dt.UTC))
    by_day = {begins.date(): begins.hour for begins, _ends in found}
    assert (by_day[dt.date(2026, 10, 27)], by_day[dt.date(2026, 11, 3)], by_day[dt.date(2027, 3, 16)]) == (16, 17, 16)


@pytest.mark.parametrize(
    ("day", "at", "expected"),
    [
        (dt.date(2027, 3, 14), dt.time(2, 30), dt.datetime(2027, 3, 14, 7, 30, tzinfo=dt.UTC)),  # skipped: 3:30 EDT
        (dt.date(2026, 11, 1), dt.time(1, 30), dt.datetime(2026, 11, 1, 5, 30, tzinfo=dt.UTC)),  # twice: the first, EDT
    ],
)
def test_the_two_nights_when_the_clocks_change(day, at, expected):
    assert occurrences("FREQ=DAILY", day, day, at, 60, NEW_YORK) == [(expected, expected + dt.timedelta(hours=1))]


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "every tuesday",
        "FREQ=SECONDLY",
        "FREQ=HOURLY;BYDAY=TU",
        "FREQ=WEEKLY;BYHOUR=3",
        "FREQ=WEEKLY;COUNT=3",
        "FREQ=WEEKLY;UNTIL=20300101T000000",
        "FREQ=WEEKLY;BYDAY=XX",
    ],
)
def test_a_rule_we_do_not_take_is_refused(rule):
    with pytest.raises(ValueError):
        days(rule, dt.date(2026, 9, 8), dt.date(2027, 6, 1))


def test_holidays_of_an_academic_year():
    found = holidays(dt.date(2026, 7, 1), dt.date(2027, 7, 5))
    assert {d.isoformat(): str(name) for d, name in found.items() if d.month != 12} == {
        "2026-07-03": "Independence Day, observed", "2026-07-04": "Independence Day", "2026-09-07": "Labor Day",
        "2026-11-26": "Thanksgiving", "2026-11-27": "Day after Thanksgiving", "2027-01-01": "New Year’s Day",
        "2027-01-18": "Martin Luther King Jr. Day", "2027-05-31": "Memorial Day", "2027-06-18": "Juneteenth, observed",
        "2027-06-19": "Juneteenth", "2027-07-04": "Independence Day", "2027-07-05": "Independence Day, observed",
    }  # fmt: skip
    assert [d.day for d in found if d.month == 12] == list(range(24, 32))


@given(starts)
def test_a_saturday_new_year_is_observed_in_the_year_before(start):
    end = start + relativedelta(months=12)
    found = holidays(start, end)
    assert list(found) == sorted(found)
    assert all(start <= day <= end for day in found)
    for year in range(start.year, end.year + 2):
        first = dt.date(year, 1, 1)
        eve = first - dt.timedelta(days=1)
        if first.weekday() == 5 and start <= eve <= end:
            assert eve in found
