"""Mandated wording (law 5): sentences are rows with dates and a source; pages and papers fill in the blanks."""

import datetime as dt
import re
from typing import TYPE_CHECKING, TypedDict

from common import clock, rulesets

if TYPE_CHECKING:
    from common.models import Statement

AMA = "AMA PRA Category 1"


class Run(TypedDict):
    """A piece of a line of text; style "mark" is the trademark: italics, then an upright ™ (AMA-TM-1)."""

    text: str
    style: str


def body(code: str, *, scope: str = "", on: dt.date | None = None) -> str:
    """The wording of a statement on a date. Raises LookupError when none holds."""
    return row(code, scope=scope, on=on).body


def is_confirmed(code: str, *, scope: str = "", on: dt.date | None = None) -> bool:
    """Whether the wording was read at its source. Raises LookupError when none holds."""
    return row(code, scope=scope, on=on).confirmed


def row(code: str, *, scope: str = "", on: dt.date | None = None) -> "Statement":
    """The version of a statement that holds on a date: the narrower scope, then the later date, then the later revision."""
    day = on or clock.now().date()
    held = [
        r for r in rulesets.remembered("statements", _load).get(code, ())
        if r.scope in {"", scope} and r.effective_from <= day and (r.effective_to is None or day < r.effective_to)
    ]  # fmt: skip
    if not held:
        raise LookupError(f"No wording of {code} holds on {day}.")
    return max(held, key=lambda r: (r.scope, r.effective_from, r.revision))


def _load() -> "dict[str, list[Statement]]":
    from common.models import Statement

    found: dict[str, list[Statement]] = {}
    for each in Statement.objects.all():
        found.setdefault(each.code, []).append(each)
    return found


def fill(template: str, **values: str) -> str:
    """Put values into {named} blanks; nothing in a value is ever read as a blank."""
    return re.sub(r"\{(\w+)\}", lambda m: values[m.group(1)], template)


def runs(text: str) -> list[Run]:
    """Split a sentence at the AMA's mark, written `*AMA PRA Category 1 Credit(s)*™` in the data, into runs."""
    parts: list[Run] = []
    for piece in re.split(r"(\*[^*]+\*™|\*\*[^*]+\*\*)", text):
        if not piece:
            continue
        if piece.startswith("**"):
            parts.append({"text": piece[2:-2], "style": "strong"})
        elif piece.startswith("*"):
            parts.append({"text": piece[1:-2], "style": "mark"})
        else:
            parts.append({"text": piece, "style": ""})
    return parts


def plain(pieces: list[Run]) -> str:
    """The runs as plain text, the mark with its ™."""
    return "".join(p["text"] + ("™" if p["style"] == "mark" else "") for p in pieces)
