"""Minutes of education (AMA-CALC-2…4): pure arithmetic on slots, no database. Minutes → credit is in `credits`."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Slot:
    """A slot of the agenda: `counts` is False for breaks, meals, welcomes (AMA-CALC-3)."""

    id: int
    title: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    counts: bool = True

    @property
    def minutes(self) -> int:
        return int((self.ends_at - self.starts_at).total_seconds() // 60)

    def overlaps(self, other: "Slot") -> bool:
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at


@dataclass(frozen=True)
class Block:
    """Slots that overlap one another; the block counts once, by the most minutes one person can attend."""

    slots: tuple[Slot, ...]
    minutes: int

    @property
    def is_parallel(self) -> bool:
        return len(self.slots) > 1


@dataclass(frozen=True)
class Agenda:
    """What counts and why: `minutes` is the sum over blocks, to be rounded once (AMA-CALC-2)."""

    blocks: tuple[Block, ...]
    left_out: tuple[Slot, ...]

    @property
    def minutes(self) -> int:
        return sum(b.minutes for b in self.blocks)

    @property
    def sentence(self) -> str:
        """ "60 + 45 + 75 + 60 + 90 = 330 minutes. Parallel sessions count once. Breaks and meals are left out." """
        if not self.blocks:
            return "No education is on the agenda yet."
        parts = " + ".join(str(b.minutes) for b in self.blocks)
        total = f"{parts} = {self.minutes} minutes." if len(self.blocks) > 1 else f"{self.minutes} minutes."
        notes = []
        if any(b.is_parallel for b in self.blocks):
            notes.append("Parallel sessions count once.")
        if self.left_out:
            notes.append(f"Left out: {', '.join(s.title for s in self.left_out)}.")
        return " ".join([total, *notes])


def most_minutes(slots: Sequence[Slot]) -> int:
    """The most minutes one person can attend among slots that may overlap: the heaviest set without overlap.

    Weighted interval scheduling; two people cannot be one, so parallel sessions count once (AMA-CALC-4).
    """
    ordered = sorted(slots, key=lambda s: (s.ends_at, s.starts_at))
    best: list[int] = [0]
    for i, slot in enumerate(ordered):
        earlier = next((j + 1 for j in range(i - 1, -1, -1) if ordered[j].ends_at <= slot.starts_at), 0)
        best.append(max(best[-1], best[earlier] + slot.minutes))
    return best[-1]


def compute(slots: Iterable[Slot]) -> Agenda:
    """Group what counts into blocks of overlapping slots, in order of time."""
    all_slots = sorted(slots, key=lambda s: (s.starts_at, s.ends_at, s.id))
    groups: list[list[Slot]] = []
    reach: dt.datetime | None = None
    for slot in (s for s in all_slots if s.counts):
        if reach is not None and slot.starts_at < reach:
            groups[-1].append(slot)
            reach = max(reach, slot.ends_at)
        else:
            groups.append([slot])
            reach = slot.ends_at
    blocks = tuple(Block(tuple(g), most_minutes(g)) for g in groups)
    return Agenda(blocks, tuple(s for s in all_slots if not s.counts))


def overlapping(slots: Iterable[Slot]) -> list[tuple[Slot, Slot]]:
    """Pairs of slots that one person cannot attend both (AMA-CALC-4)."""
    ordered = sorted(slots, key=lambda s: s.starts_at)
    return [(a, b) for i, a in enumerate(ordered) for b in ordered[i + 1 :] if a.overlaps(b)]
