"""Whatever becomes of a claim, and whatever the office marks: one thing is due, or none, and it is the right one."""

import contextlib

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from common.actors import system
from common.errors import DomainError
from credits.domain import adjusting, claims
from credits.models import Claim
from reporting.models import CreditReport
from tests.concurrency.test_reports_races import coherent
from tests.integration.report_cases import mark, points

BY = system("test")
VERBS = ("send", "accept", "reject", "again", "unsend", "reopen")
STEP = st.one_of(st.just(("claim", "")), st.tuples(st.sampled_from(VERBS), st.sampled_from(("first", "last"))))


def turn(made: Claim) -> None:
    """Withdraw a claim that stands, or take its withdrawal back."""
    if Claim.objects.get(pk=made.pk).status == "live":
        claims.void(claim_id=made.pk, reason="x", by=BY)
    else:
        adjusting.restore(claim_id=made.pk, reason="x", by=BY)


class Settling(TestCase):
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(steps=st.lists(STEP, max_size=10))
    def test_one_thing_is_due_or_none(self, steps):
        made = points()
        for verb, which in steps:
            if verb == "claim":
                turn(made)
            else:
                rows = CreditReport.objects.filter(total__claim=made).order_by("number")
                row = rows.first() if which == "first" else rows.last()
                with contextlib.suppress(DomainError):
                    mark(verb, row, text="x", by=BY)
            coherent(made)
