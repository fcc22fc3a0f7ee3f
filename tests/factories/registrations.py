"""Registrations."""

import factory
from factory.django import DjangoModelFactory

from activities import models
from common import clock
from tests.factories.accounts import PersonFactory
from tests.factories.activities import ActivityFactory

__all__ = ["RegistrationFactory"]


class RegistrationFactory(DjangoModelFactory):
    """A seat; `waiting=True` a place in the queue."""

    class Meta:
        skip_postgeneration_save = True
        model = models.Registration

    activity = factory.SubFactory(ActivityFactory, published=True)
    person = factory.SubFactory(PersonFactory)
    created_at = factory.LazyFunction(clock.now)

    class Params:
        waiting = factory.Trait(status="waiting")
