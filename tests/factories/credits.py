"""Rows of the credits app that no use case needs to make."""

import datetime as dt
from decimal import Decimal

import factory
from factory.django import DjangoModelFactory

from common import clock
from credits import models
from tests.factories.accounts import PersonFactory
from tests.factories.files import StoredFileFactory

__all__ = ["ExternalCreditFactory"]


class ExternalCreditFactory(DjangoModelFactory):
    """A credit from another provider, with its proof."""

    class Meta:
        skip_postgeneration_save = True
        model = models.ExternalCredit

    person = factory.SubFactory(PersonFactory)
    provider_name = "Harbor Medical Society"
    title = factory.Sequence(lambda n: f"Spring meeting {n}")
    earned_on = dt.date(2026, 4, 18)
    credit_type_id = "ama_pra_1"
    amount = Decimal("6.50")
    proof = factory.SubFactory(StoredFileFactory, name="Proof.pdf", purpose="external_credit")
    added_at = factory.LazyFunction(clock.now)
    added_by = "set-up"
    changed_at = factory.LazyFunction(clock.now)
