"""Gaps, activities, sessions, roles."""

import datetime as dt

import factory
from factory.django import DjangoModelFactory

from activities import models
from common import clock
from tests.factories.accounts import DepartmentFactory, PersonFactory

__all__ = ["ActivityFactory", "ActivityRoleFactory", "GapFactory", "ObjectiveFactory", "SessionFactory"]


class GapFactory(DjangoModelFactory):
    class Meta:
        skip_postgeneration_save = True
        model = models.PracticeGap

    department = factory.SubFactory(DepartmentFactory)
    title = "Antibiotics for sepsis come late"
    audience = "Emergency physicians and nurses"
    current_practice = "41% of adults with sepsis get a first antibiotic within one hour."
    desired_practice = "90% get it within one hour."
    created_at = factory.LazyFunction(clock.now)
    changed_at = factory.LazyFunction(clock.now)
    created_by = factory.SubFactory(PersonFactory)


class ActivityFactory(DjangoModelFactory):
    """A draft course; `published=True` one that is open to learners today."""

    class Meta:
        skip_postgeneration_save = True
        model = models.Activity

    number = factory.Sequence(lambda n: f"2026-{n:04d}")
    title = factory.Sequence(lambda n: f"Sepsis in the First Hour {n}")
    department = factory.SubFactory(DepartmentFactory)
    created_at = factory.LazyFunction(clock.now)
    changed_at = factory.LazyFunction(clock.now)
    created_by = factory.SubFactory(PersonFactory)
    starts_on = factory.LazyFunction(lambda: clock.today("America/New_York"))
    ends_on = factory.SelfAttribute("starts_on")
    location = "Harbor Auditorium"
    city = "Lakeshore"

    class Params:
        published = factory.Trait(
            status="published", approved_at=factory.LazyFunction(clock.now), designated_at=factory.LazyFunction(clock.now),
            published_at=factory.LazyFunction(clock.now),
        )  # fmt: skip
        series = factory.Trait(kind="RSS")


class SessionFactory(DjangoModelFactory):
    """An hour of education that ends now, code released."""

    class Meta:
        skip_postgeneration_save = True
        model = models.Session

    activity = factory.SubFactory(ActivityFactory, published=True)
    status = "ready"
    title = "Recognizing sepsis before the lactate comes back"
    starts_at = factory.LazyFunction(lambda: clock.now() - dt.timedelta(minutes=60))
    ends_at = factory.LazyAttribute(lambda s: s.starts_at + dt.timedelta(minutes=60))
    room = "Harbor Auditorium"
    check_in_code = factory.Sequence(
        lambda n: "SEP" + "".join("23456789ABCDEFGHJKLMNPQRSTUVWXYZ"[(n // 32**k) % 32] for k in (2, 1, 0))
    )
    code_released_at = factory.LazyFunction(clock.now)


class ObjectiveFactory(DjangoModelFactory):
    class Meta:
        skip_postgeneration_save = True
        model = models.Objective

    activity = factory.SubFactory(ActivityFactory)
    position = factory.Sequence(lambda n: n + 1)
    text = "Start antibiotics within one hour of recognizing sepsis"
    commitment = "Start antibiotics before the lactate result is back"


class ActivityRoleFactory(DjangoModelFactory):
    class Meta:
        skip_postgeneration_save = True
        model = models.ActivityRole

    activity = factory.SubFactory(ActivityFactory)
    person = factory.SubFactory(PersonFactory)
    role = "speaker"
    assumed_at = factory.LazyFunction(clock.now)
    added_by = "set-up"
