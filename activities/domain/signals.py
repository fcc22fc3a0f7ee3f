"""What stands out among check-ins: rows in, signals out. Pure.

A signal says that a person should look, never that somebody did wrong: couples share a phone, halls scan all at once.
Nothing here has any effect on credit.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["device", "burst", "crowd", "time", "guess"]
PAUSE = dt.timedelta(hours=12)  # wrong codes with a longer pause between them are two matters


@dataclass(frozen=True)
class Tap:
    """One check-in that somebody did with a code: `who` is a person or, while nobody knows whose it is, an identity."""

    evidence: int
    session: int
    who: str
    at: dt.datetime
    device: str = ""


@dataclass(frozen=True)
class Slot:
    """A session as signals see it; `places`: how many were expected at most, None where nobody said."""

    session: int
    opens_at: dt.datetime
    starts_at: dt.datetime
    ends_at: dt.datetime
    released_at: dt.datetime | None = None
    places: int | None = None


@dataclass(frozen=True)
class Limits:
    """From when on something is shown; rule parameters `signal.*`."""

    device_people: int
    burst_people: int
    burst_seconds: int
    burst_after_minutes: int
    crowd_percent: int
    late_minutes: int
    late_people: int
    guess_tries: int


@dataclass(frozen=True)
class Signal:
    """One thing to look at. `key` names it, `size` says how much there is of it; `who` are the people in it."""

    kind: Kind
    key: str
    session: int
    size: int
    first_at: dt.datetime
    last_at: dt.datetime
    who: tuple[str, ...]


def of_sessions(slots: Mapping[int, Slot], taps: Iterable[Tap], limits: Limits) -> list[Signal]:
    """Signals of check-ins, the newest first."""
    by_session: dict[int, list[Tap]] = {}
    for tap in sorted(taps, key=lambda t: (t.at, t.evidence)):
        if tap.session in slots:
            by_session.setdefault(tap.session, []).append(tap)
    found = [
        signal
        for key, rows in by_session.items()
        for look in (_devices, _burst, _crowd, _far)
        for signal in look(slots[key], rows, limits)
    ]
    return sorted(found, key=lambda s: (s.last_at, s.key), reverse=True)


def of_guesses(tries: Iterable[tuple[str, dt.datetime]], limits: Limits) -> list[Signal]:
    """Who tried many codes that were wrong, within hours."""
    by_who: dict[str, list[dt.datetime]] = {}
    for who, at in sorted(tries, key=lambda t: t[1]):
        by_who.setdefault(who, []).append(at)
    found = []
    for who, times in by_who.items():
        for run in _runs(times):
            if len(run) >= limits.guess_tries:
                key = f"guess:{who}:{run[0]:%Y%m%d%H%M%S}"
                found.append(Signal("guess", key, 0, len(run), run[0], run[-1], (who,)))
    return sorted(found, key=lambda s: (s.last_at, s.key), reverse=True)


def _signal(kind: Kind, slot: Slot, rows: Sequence[Tap], more: str = "") -> Signal:
    who = tuple(dict.fromkeys(t.who for t in rows))
    return Signal(kind, f"{kind}:{slot.session}{more}", slot.session, len(who), rows[0].at, rows[-1].at, who)


def _people(rows: Iterable[Tap]) -> int:
    return len({t.who for t in rows})


def _devices(slot: Slot, rows: Sequence[Tap], limits: Limits) -> list[Signal]:
    by_device: dict[str, list[Tap]] = {}
    for tap in rows:
        if tap.device:
            by_device.setdefault(tap.device, []).append(tap)
    return [
        _signal("device", slot, taps, f":{device}")
        for device, taps in by_device.items()
        if _people(taps) >= limits.device_people
    ]


def _burst(slot: Slot, rows: Sequence[Tap], limits: Limits) -> list[Signal]:
    """Many within seconds, well after the session began and its code was out, when a hall has long been in."""
    begun = max(slot.starts_at, slot.released_at or slot.starts_at)
    late = [t for t in rows if t.at >= begun + dt.timedelta(minutes=limits.burst_after_minutes)]
    within, inside, first = dt.timedelta(seconds=limits.burst_seconds), set[int](), 0
    for last, tap in enumerate(late):
        while tap.at - late[first].at > within:
            first += 1
        if _people(late[first : last + 1]) >= limits.burst_people:
            inside.update(range(first, last + 1))
    return [_signal("burst", slot, [late[n] for n in sorted(inside)])] if inside else []


def _crowd(slot: Slot, rows: Sequence[Tap], limits: Limits) -> list[Signal]:
    """Many more than were expected."""
    if not slot.places or _people(rows) * 100 <= slot.places * limits.crowd_percent:
        return []
    return [_signal("crowd", slot, rows)]


def _far(slot: Slot, rows: Sequence[Tap], limits: Limits) -> list[Signal]:
    """After the end, or before check-in opened, as after a session was moved."""
    last = slot.ends_at + dt.timedelta(minutes=limits.late_minutes)
    far = [t for t in rows if t.at > last or t.at < slot.opens_at]
    return [_signal("time", slot, far)] if _people(far) >= limits.late_people else []


def _runs(times: Sequence[dt.datetime]) -> list[list[dt.datetime]]:
    runs: list[list[dt.datetime]] = []
    for at in times:
        if runs and at - runs[-1][-1] <= PAUSE:
            runs[-1].append(at)
        else:
            runs.append([at])
    return runs
