"""The demo school has people who stand in the records twice, and the office's look finds them, and nobody else's pair."""

import pytest

from accounts.domain import duplicates
from accounts.models import DuplicateSuggestion, Person
from cme_portal.school import doubles
from common import clock
from tests.factories import PersonFactory, ProviderFactory

pytestmark = pytest.mark.django_db


def test_the_look_finds_everybody_who_was_entered_twice():
    ProviderFactory()
    people = [
        PersonFactory(given_name=f"Given{n}", family_name=f"Family{n}", email=f"p{n}@lakeshore.example")
        for n in range(60)
    ]
    made = doubles.enter_twice(people, now=clock.now())
    assert duplicates.look() == 3
    pairs = set(DuplicateSuggestion.objects.values_list("low_id", "high_id"))
    assert pairs == {(people[at].pk, second.pk) for (at, *_rest), second in zip(doubles.SECOND, made, strict=True)}


def test_a_small_school_has_none():
    assert doubles.enter_twice([PersonFactory.build()], now=clock.now()) == []
    assert Person.objects.count() == 0
