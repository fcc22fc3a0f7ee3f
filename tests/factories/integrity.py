"""Companies, disclosures, and what the office decided."""

import datetime as dt

import factory
from factory.django import DjangoModelFactory

from common import clock
from integrity import models
from tests.factories.accounts import PersonFactory
from tests.factories.activities import ActivityFactory

__all__ = [
    "CompanyFactory",
    "DisclosureFactory",
    "DisclosureRequestFactory",
    "DisclosureTextFactory",
    "ExclusionExceptionFactory",
    "MitigationActionFactory",
    "RelationshipFactory",
    "RelevanceDecisionFactory",
]


def _days_ago(days: int):
    return factory.LazyFunction(lambda: clock.now() - dt.timedelta(days=days))


class CompanyFactory(DjangoModelFactory):
    """An ineligible company; `undetermined=True` one that somebody just named."""

    class Meta:
        model = models.Company

    name = factory.Sequence(lambda n: f"Ostrea Diagnostics {n}")
    eligibility = "ineligible"
    created_at = _days_ago(60)

    class Params:
        undetermined = factory.Trait(eligibility="undetermined")


class DisclosureRequestFactory(DjangoModelFactory):
    class Meta:
        model = models.DisclosureRequest

    activity = factory.SubFactory(ActivityFactory)
    person = factory.SubFactory(PersonFactory)
    asked_at = _days_ago(40)
    asked_by = "Dana Whitcomb"


class DisclosureFactory(DjangoModelFactory):
    """A statement of none, thirty days old; `some=True` for one that RelationshipFactory fills."""

    class Meta:
        model = models.Disclosure

    person = factory.SubFactory(PersonFactory)
    answer = "none"
    method = "link"
    definition_shown = "SII-E-1 of 2022-01-01, 24 months"
    statement = "In the past 24 months, I have not had any financial relationships with any ineligible companies."
    attested_name = factory.LazyAttribute(lambda d: d.person.full_name)
    submitted_at = _days_ago(30)

    class Params:
        some = factory.Trait(answer="some")


class RelationshipFactory(DjangoModelFactory):
    """A consultancy that goes on. `person` says whose."""

    class Meta:
        model = models.Relationship

    class Params:
        person = factory.SubFactory(PersonFactory)

    disclosure = factory.SubFactory(DisclosureFactory, person=factory.SelfAttribute("..person"), some=True)
    company = factory.SubFactory(CompanyFactory)
    nature = "consultant"


class RelevanceDecisionFactory(DjangoModelFactory):
    class Meta:
        model = models.RelevanceDecision

    relationship = factory.SubFactory(RelationshipFactory)
    activity = factory.SubFactory(ActivityFactory)
    relevant = True
    decided_by = factory.SubFactory(PersonFactory)
    decided_at = _days_ago(20)


class MitigationActionFactory(DjangoModelFactory):
    class Meta:
        model = models.MitigationAction

    relationship = factory.SubFactory(RelationshipFactory)
    activity = factory.SubFactory(ActivityFactory)
    strategy = "divest"
    implemented_at = _days_ago(20)
    recorded_by = factory.SubFactory(PersonFactory)


class ExclusionExceptionFactory(DjangoModelFactory):
    class Meta:
        model = models.ExclusionException

    relationship = factory.SubFactory(RelationshipFactory, nature="employee")
    activity = factory.SubFactory(ActivityFactory)
    exception = "b"
    justification = "Teaches assay methods only."
    approved_by = factory.SubFactory(PersonFactory)
    approved_at = _days_ago(20)


class DisclosureTextFactory(DjangoModelFactory):
    class Meta:
        model = models.DisclosureText

    sha256 = factory.Sequence(lambda n: f"{n:064x}")
    text = "None of the planners …"
    first_shown_at = _days_ago(1)
