"""What was or will be told to others about a claim: asked of the apps above through `settings.CREDIT_REPORTS`."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module

from django.conf import settings
from django.utils.module_loading import import_string

from common import locks
from common.actors import Actor
from credits.models import Claim, ClaimTotal


@dataclass(frozen=True)
class Report:
    """One line of credit at one body. `state` is a word of {% status "report" %}; `on` is when it was sent, answered or is due.

    `credit_type` is the line it belongs to (empty: every line of the claim), `text` the body's own words, `ask` the board
    (a NumberKind) that the person may allow to be told.
    """

    to: str
    state: str
    on: dt.date | None = None
    credit_type: str = ""
    text: str = ""
    ask: str = ""

    @property
    def words(self) -> str:
        """For a table without colors: "ABIM: due by 2026-12-14"."""
        said = {
            "due": "due by", "sent": "sent on", "accepted": "accepted on", "sent_back": "sent back on", "withheld": "not allowed by the learner; due by",
            "unknown": "number missing; due by",
        }  # fmt: skip
        state = f"{said.get(self.state, self.state)} {self.on.isoformat()}" if self.on else self.state
        return f"{self.to}: {state}{f' ({self.text})' if self.text else ''}"


def of_claims(claim_ids: Iterable[int]) -> dict[int, list[Report]]:
    """Claim id → its reports. Each path names `f(claim ids) → {claim id: [Report]}` with a constant number of queries.

    A claim that nobody answers for was reported nowhere, and the transcript says so.
    """
    ids = list(claim_ids)
    found: dict[int, list[Report]] = {}
    for path in settings.CREDIT_REPORTS if ids else ():
        for claim_id, reports in import_string(path)(ids).items():
            found.setdefault(claim_id, []).extend(reports)
    return found


def made(claim: Claim, totals: Sequence[ClaimTotal], evaluated_at: dt.datetime | None) -> None:
    """A claim was written: whoever keeps what is told to others hears of it, in the claim's own transaction."""
    locks.require_transaction()
    for path in settings.CLAIM_FOLLOWERS:
        import_module(path).made(claim, totals, evaluated_at)


def changed(claim: Claim, *, by: Actor, at: dt.datetime) -> None:
    """A claim was withdrawn, or its withdrawal taken back; likewise."""
    locks.require_transaction()
    for path in settings.CLAIM_FOLLOWERS:
        import_module(path).changed(claim, by=by, at=at)
