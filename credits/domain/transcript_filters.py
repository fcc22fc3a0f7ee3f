"""What part of a transcript is asked for: one value for the page, the PDF, the exports and the links for others."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

EVERYTHING = "all"
OURS = "ours"
ELSEWHERE = "elsewhere"


@dataclass(frozen=True)
class Filters:
    """Both days are included; None and empty texts leave nothing out. `kind` is a credit type's code, `topic` a topic's.

    `source` says whose credit: what we issued, what was earned elsewhere, or both.
    """

    since: dt.date | None = None
    until: dt.date | None = None
    kind: str = ""
    topic: str = ""
    text: str = ""
    source: str = EVERYTHING

    @property
    def is_narrow(self) -> bool:
        return self != Filters()

    @property
    def words(self) -> list[str]:
        """Every word that a line has to contain, whatever its capitals."""
        return self.text.casefold().split()

    def has_day(self, day: dt.date) -> bool:
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)

    def has_text(self, *texts: str) -> bool:
        held = " ".join(texts).casefold()
        return all(word in held for word in self.words)

    @property
    def as_data(self) -> dict[str, Any]:
        """For a JSON column: only what narrows."""
        pairs = {"since": self.since, "until": self.until, "kind": self.kind, "topic": self.topic, "text": self.text}
        found = {k: v.isoformat() if isinstance(v, dt.date) else v for k, v in pairs.items() if v}
        return found | ({"source": self.source} if self.source != EVERYTHING else {})

    @property
    def as_query(self) -> dict[str, str]:
        """As the parameters of the transcript's address."""
        return {k: str(v) for k, v in self.as_data.items()}

    @classmethod
    def of_data(cls, data: Mapping[str, Any]) -> "Filters":
        days: dict[str, Any] = {k: dt.date.fromisoformat(data[k]) for k in ("since", "until") if data.get(k)}
        return replace(cls(**{k: data[k] for k in ("kind", "topic", "text", "source") if data.get(k)}), **days)


ALL = Filters()
