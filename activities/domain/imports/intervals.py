"""Minutes from times of joining and leaving: merged, clipped to the session, counted once. Pure."""

import datetime as dt
from collections.abc import Iterable

Span = tuple[dt.datetime, dt.datetime]


def union(spans: Iterable[Span]) -> list[Span]:
    """The same time without overlaps, in order: two devices, or a reconnection before the first line dropped, count once."""
    merged: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def clip(spans: Iterable[Span], start: dt.datetime, end: dt.datetime) -> list[Span]:
    """What of it lies between two moments."""
    cut = ((max(a, start), min(b, end)) for a, b in spans)
    return [span for span in cut if span[0] < span[1]]


def length(spans: Iterable[Span]) -> dt.timedelta:
    """How long the spans are together; give it a `union`."""
    return sum((b - a for a, b in spans), dt.timedelta())


def minutes(spans: Iterable[Span], start: dt.datetime, end: dt.datetime) -> int:
    """Whole minutes between two moments that the spans cover, half a minute rounded up."""
    seconds = int(length(clip(union(spans), start, end)).total_seconds())
    return (seconds + 30) // 60
