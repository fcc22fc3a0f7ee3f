"""Mandated wording (law 5): sentences are rows with dates and a source; pages and papers fill in the blanks."""

import datetime as dt
import re
from typing import TYPE_CHECKING, TypedDict

from django.db.models import Q

from common import clock

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
    from common.models import Statement

    day = on or clock.now().date()
    rows = Statement.objects.filter(code=code, effective_from__lte=day).filter(
        Q(effective_to=None) | Q(effective_to__gt=day)
    )
    found = rows.filter(scope__in=["", scope]).order_by("-scope", "-effective_from", "-revision").first()
    if found is None:
        raise LookupError(f"No wording of {code} holds on {day}.")
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
