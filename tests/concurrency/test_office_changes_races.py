"""Confirming a change while it changes again: nobody agrees to what they have not read."""

import pytest

from activities.domain import changes, plan
from tests.concurrency.test_planning_races import both
from tests.integration.office_cases import fresh, office
from tests.integration.test_office_changes import confirm, move_room, waits

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]


def test_a_change_during_the_confirmation_still_waits():
    made = office("published")
    move_room(made, "Birch Hall")
    seen = changes.since(plan.load(fresh(made))).token
    answers = both(lambda: confirm(made, seen=seen), lambda: move_room(made, "Cedar Hall"))
    assert type(answers[0]).__name__ in {"AgreedPlan", "Conflict"}
    assert type(answers[1]).__name__ == "Session"
    assert waits(made) == "Changed since published: place"


def test_two_people_who_confirm_at_once_agree_once():
    made = office("published")
    move_room(made)
    seen = changes.since(plan.load(fresh(made))).token
    answers = both(*[lambda by=by: confirm(made, seen=seen, by=by) for by in (made.staff, made.director)])
    assert sorted(type(a).__name__ for a in answers) == ["AgreedPlan", "Conflict"]
    assert list(made.activity.agreements.values_list("how", flat=True)) == ["approved", "published", "confirmed"]
