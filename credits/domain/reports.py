"""What was or will be told to others about a claim: asked of the apps above through `settings.CREDIT_REPORTS`."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.utils.module_loading import import_string


@dataclass(frozen=True)
class Report:
    """One line of credit at one body. `state` is a word of {% status "report" %}; `on` is when it was sent or is due."""

    to: str
    state: str
    on: dt.date | None = None


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
