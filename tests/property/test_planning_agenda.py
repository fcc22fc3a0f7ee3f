"""Minutes of education: parallel sessions once, breaks never (AMA-CALC-2…4)."""

import datetime as dt
import itertools

from hypothesis import given
from hypothesis import strategies as st

from activities.domain.agenda import Slot, compute, most_minutes, overlapping
from tests.integration.planning_cases import CASE_1_AGENDA

DAY = dt.datetime(2027, 2, 20, tzinfo=dt.UTC)


def slot(n, start, length, counts=True):
    return Slot(n, f"Slot {n}", DAY + dt.timedelta(minutes=start), DAY + dt.timedelta(minutes=start + length), counts)


slots = st.lists(st.tuples(st.integers(0, 600), st.integers(1, 120), st.booleans()), max_size=9).map(
    lambda rows: [slot(n, start, length, counts) for n, (start, length, counts) in enumerate(rows)]
)


def best_by_trying(found):
    """The heaviest set without overlap, by trying every set."""
    sets = (c for size in range(len(found) + 1) for c in itertools.combinations(found, size))
    return max(sum(s.minutes for s in chosen) for chosen in sets if not overlapping(chosen))


@given(slots)
def test_minutes_are_the_most_one_person_can_attend(found):
    counting = [s for s in found if s.counts]
    assert compute(found).minutes == most_minutes(counting) == best_by_trying(counting)


@given(slots)
def test_breaks_never_count(found):
    counting = [s for s in found if s.counts]
    agenda = compute(found)
    assert agenda.minutes == compute(counting).minutes
    assert sorted(s.id for s in agenda.left_out) == [s.id for s in found if not s.counts]


@given(slots, st.integers(0, 300), st.integers(1, 120))
def test_a_second_track_never_counts_twice(found, start, length):
    twin = [slot(900, start, length), slot(901, start, length)]
    assert compute([*found, *twin]).minutes == compute([*found, twin[0]]).minutes


@given(slots)
def test_order_does_not_matter(found):
    assert compute(found) == compute(list(reversed(found)))


@given(slots)
def test_blocks_do_not_overlap(found):
    blocks = compute(found).blocks
    for a, b in itertools.pairwise(blocks):
        assert max(s.ends_at for s in a.slots) <= min(s.starts_at for s in b.slots)


def test_case_1_is_330_minutes():
    def at(text):
        return int(text[:2]) * 60 + int(text[3:])

    found = [slot(n, at(a), at(b) - at(a), kind == "education") for n, (a, b, kind, *_rest) in enumerate(CASE_1_AGENDA)]
    agenda = compute(found)
    assert agenda.minutes == 330
    assert agenda.sentence.startswith("60 + 45 + 75 + 60 + 90 = 330 minutes. Parallel sessions count once. Left out:")
