"""Two of the office, and the office with a claim that changes, at the same instant: one thing is due, or none."""

from decimal import Decimal

import pytest

from common.actors import system
from common.errors import Conflict
from common.models import TransitionLog
from credits.domain import adjusting, claims
from credits.models import Claim
from reporting.enums import HELD
from reporting.models import CreditReport
from tests.concurrency.test_claim_races import together
from tests.integration.claim_cases import claim
from tests.integration.report_cases import mark, points, staff

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]
BY = system("test")


def coherent(made):
    """What the body holds, and the one thing that is due, fit what became of the claim."""
    rows = list(CreditReport.objects.filter(total__claim=made).order_by("number"))
    told = [row for row in rows if row.status in HELD]
    holds = bool(told) and told[-1].action == "add"
    open_ = [(row.action, row.status) for row in rows if row.status in {"to_send", "rejected"}]
    live = Claim.objects.get(pk=made.pk).status == "live"
    if holds == live:
        assert open_ == []
    else:
        assert [action for action, _status in open_] == ["add" if live else "withdraw"]
    return [(row.action, row.status) for row in rows]


def test_two_staff_mark_the_same_lines_once():
    rows = [CreditReport.objects.get(total__claim=points()) for _n in range(2)]
    people = [staff(), staff()]
    results = together(*[lambda who=who: mark("send", *rows, by=who) for who in people])
    assert sorted(isinstance(r, Conflict) for r in results) == [False, True]
    assert [r for r in results if not isinstance(r, Conflict)] == [2]
    assert CreditReport.objects.filter(status="sent").count() == 2
    assert TransitionLog.objects.filter(workflow="report", verb="send").count() == 2


@pytest.mark.parametrize("verb", ["send", "reject", "accept", "unsend"])
def test_a_claim_is_withdrawn_while_its_line_is_marked(verb):
    made, by = points(), staff()
    row = CreditReport.objects.get()
    if verb != "send":
        mark("send", row, by=by)
    text = {"reject": "No such number.", "unsend": "Wrong list."}.get(verb, "")
    results = together(
        lambda: mark(verb, row, by=by, text=text), lambda: claims.void(claim_id=made.pk, reason="Wrong person.", by=BY)
    )
    assert isinstance(results[1], Claim)
    assert results[0] == 1 or isinstance(results[0], Conflict)
    coherent(made)


def test_a_claim_is_restored_while_its_withdrawal_is_marked():
    made, by = points(), staff()
    mark("send", CreditReport.objects.get(), by=by)
    claims.void(claim_id=made.pk, reason="x", by=BY)
    row = CreditReport.objects.get(action="withdraw")
    results = together(
        lambda: mark("send", row, by=by), lambda: adjusting.restore(claim_id=made.pk, reason="Right after all.", by=BY)
    )
    assert isinstance(results[1], Claim)
    assert coherent(made) in (
        [("add", "sent"), ("withdraw", "dropped")], [("add", "sent"), ("withdraw", "sent"), ("add", "to_send")],
    )  # fmt: skip


def test_two_staff_mark_lines_of_one_credit_and_neither_waits_for_ever():
    made, people = points(), [staff(), staff()]
    first = CreditReport.objects.get()
    mark("send", first, by=people[0])
    claims.void(claim_id=made.pk, reason="x", by=BY)
    second = CreditReport.objects.get(action="withdraw")
    results = together(
        lambda: mark("reject", first, by=people[0], text="No such number."), lambda: mark("send", second, by=people[1])
    )
    assert all(r == 1 or isinstance(r, Conflict) for r in results)
    coherent(made)


def test_a_withdrawal_is_taken_back_while_its_sessions_are_claimed_anew():
    """Restored, or claimed again: never both, and the credit is granted once."""
    made = points()
    person, activity = made.person, made.activity
    [session] = activity.sessions.all()
    claims.void(claim_id=made.pk, reason="x", by=BY)
    results = together(
        lambda: adjusting.restore(claim_id=made.pk, reason="Right after all.", by=BY),
        lambda: claim(person, activity, {session: "1.00"}),
    )
    assert sorted(isinstance(r, Claim) for r in results) == [False, True]
    live = Claim.objects.filter(person=person, status="live")
    assert live.count() == 1
    assert sum(t.credits for t in live.get().totals.filter(credit_type="ama_pra_1")) == Decimal("1.00")
    coherent(made)
