"""Organisations that plan with the provider."""

import factory
from factory.django import DjangoModelFactory

from accounts.enums import AssessmentQuestion
from accounts.models import Organisation
from activities.models import JointProvider
from common import clock
from tests.factories.accounts import PersonFactory
from tests.factories.activities import ActivityFactory

NO_TO_ALL = dict.fromkeys(AssessmentQuestion.values, False)


class OrganisationFactory(DjangoModelFactory):
    """A hospital nobody was asked about; `clear=True` answered "no" to everything, `doubtful=True` "yes" to one."""

    class Meta:
        skip_postgeneration_save = True
        model = Organisation

    name = factory.Sequence(lambda n: f"Harbor Community Hospital {n}")
    kind = "hospital"
    created_at = factory.LazyFunction(clock.now)

    class Params:
        answered = factory.Trait(
            assessed_at=factory.LazyFunction(clock.now), assessed_by=factory.SubFactory(PersonFactory), **NO_TO_ALL
        )
        clear = factory.Trait(answered=True)
        doubtful = factory.Trait(answered=True, shares_with_sister=True)
        decided = factory.Trait(
            eligibility="eligible", eligibility_reason="A hospital.", decided_at=factory.LazyFunction(clock.now),
            decided_by=factory.SubFactory(PersonFactory),
        )  # fmt: skip


class JointProviderFactory(DjangoModelFactory):
    class Meta:
        skip_postgeneration_save = True
        model = JointProvider

    activity = factory.SubFactory(ActivityFactory)
    organisation = factory.SubFactory(OrganisationFactory, clear=True)
    is_accredited = False
    added_at = factory.LazyFunction(clock.now)
    added_by = "set-up"
