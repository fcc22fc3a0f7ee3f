"""A row of a preview while it is judged: what `ImportRow` stores, without the cost of a model for each of 100,000 rows."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from activities.models import ImportRow


@dataclass(slots=True)
class Draft:
    """The columns of `ImportRow` by their names; `pk` is set for a row that is stored."""

    batch_id: int
    number: int
    part: int = 0
    cells: list[str] = field(default_factory=list)
    verdict: str = ""
    code: str = ""
    reason: str = ""
    how: str = ""
    name: str = ""
    name_key: str = ""
    session_id: int | None = None
    minutes: int | None = None
    joined_at: dt.datetime | None = None
    left_at: dt.datetime | None = None
    stated: int | None = None
    who: str = ""
    person_id: int | None = None
    candidates: list[str] = field(default_factory=list)
    identity_kind: str = ""
    identity_value: str = ""
    leader: int | None = None
    settled_by: str = ""
    fact: str = ""
    said: dict[str, Any] = field(default_factory=dict)
    pk: int = 0


AnyRow = Draft | ImportRow
