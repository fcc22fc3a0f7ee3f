"""The grace after the day that pages name, and when work begins to be claimed."""

import datetime as dt
from dataclasses import replace

import pytest

from credits import eligibility
from tests.property.claim_facts import START, facts, session, work


class TestGrace:
    """The day that is named, and the days after it in which a claim is still taken (AMA-CLAIM-1: the provider's policy)."""

    @pytest.mark.parametrize(
        ("days", "verdict", "named"),
        [(30, "claimable", 30), (31, "claimable", 33), (33, "claimable", 33), (34, "closed", 33)],
    )
    def test_a_session(self, days, verdict, named):
        one = session()
        known = replace(facts(one, now=one.ends_at + dt.timedelta(days=days)), grace=dt.timedelta(days=3))
        assert eligibility.verdict(known, one).verdict == verdict
        assert known.until(one) == one.ends_at + dt.timedelta(days=named)

    def test_a_late_grant_lasts_as_long_as_it_says(self):
        one = session(late_until=START + dt.timedelta(days=50))
        known = replace(facts(one, now=START + dt.timedelta(days=49)), grace=dt.timedelta(days=3))
        assert (eligibility.verdict(known, one).verdict, known.accepts_until(one)) == ("claimable", one.late_until)

    @pytest.mark.parametrize(("expires", "verdict"), [(None, "claimable"), (40, "claimable"), (31, "closed")])
    def test_work_has_no_grace_after_the_activity_expired(self, expires, verdict):
        """CME-EM-2."""
        one = work()
        ends = None if expires is None else START + dt.timedelta(days=expires)
        known = facts(works=(one,), work_wanted="assessment", now=START + dt.timedelta(days=32))
        known = replace(known, grace=dt.timedelta(days=3), expires_at=ends)
        assert eligibility.work_verdict(known, one).verdict == verdict

    def test_work_is_claimed_after_it_was_written_down(self):
        """An editor's letter that comes after two months takes nobody's credit."""
        one = work(noted=START + dt.timedelta(days=60))
        known = facts(works=(one,), work_wanted="assessment", now=START + dt.timedelta(days=80))
        assert eligibility.work_verdict(known, one).verdict == "claimable"
        assert known.work_closes_at(one) == START + dt.timedelta(days=90)
