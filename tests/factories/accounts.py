"""People and the provider."""

import datetime as dt

import factory
from factory.django import DjangoModelFactory

from accounts import models
from common import clock

__all__ = ["DepartmentFactory", "OfficeRoleFactory", "PersonFactory", "ProviderFactory", "UserFactory"]


class ProviderFactory(DjangoModelFactory):
    class Meta:
        skip_postgeneration_save = True
        model = models.Provider
        django_get_or_create = ("short_name",)

    name = "Lakeshore University School of Medicine"
    short_name = "Lakeshore CME"
    code_prefix = "LS"
    office_name = "Office of Continuing Medical Education"
    office_email = "cme-office@lakeshore.example"
    office_phone = "555-0100"
    office_address = "400 Harbor Walk, Lakeshore"
    signer_name = "Marcus Adeyemi, MD, MEd"
    signer_title = "Associate Dean for Continuing Medical Education"

    @factory.post_generation
    def term(self, create, extracted, **kwargs):
        if create and not self.terms.exists():
            models.AccreditationTerm.objects.create(
                provider=self, mode="accme_direct", starts_on=dt.date(2024, 1, 1), ends_on=dt.date(2030, 1, 1)
            )


class DepartmentFactory(DjangoModelFactory):
    class Meta:
        skip_postgeneration_save = True
        model = models.Department

    name = factory.Sequence(lambda n: f"Department {n}")
    code = factory.Sequence(lambda n: f"D{n}")


class PersonFactory(DjangoModelFactory):
    class Meta:
        skip_postgeneration_save = True
        model = models.Person

    given_name = factory.Sequence(lambda n: f"Elena {n}")
    family_name = "Marchetti"
    degrees = "MD"
    profession = "physician"
    is_physician = True
    created_at = factory.LazyFunction(clock.now)

    class Params:
        nurse = factory.Trait(degrees="RN", profession="nurse", is_physician=False, family_name="Okafor")
        pharmacist = factory.Trait(degrees="PharmD", profession="pharmacist", is_physician=False, family_name="Ruiz")

    @factory.post_generation
    def email(self, create, extracted, **kwargs):
        if create:
            value = extracted or f"person{self.pk}@lakeshore.example"
            models.PersonAddress.objects.create(
                person=self, kind="email", value=value, verified_at=clock.now(), is_primary=True, created_at=clock.now()
            )


class UserFactory(DjangoModelFactory):
    """A person with a sign-in. `roles` are office roles, `departments` those they plan for."""

    class Meta:
        skip_postgeneration_save = True
        model = models.User

    person = factory.SubFactory(PersonFactory)
    email = factory.LazyAttribute(lambda u: u.person.addresses.get(is_primary=True).value)
    password = "!"  # none, as signing in makes it; an empty one counts as usable
    date_joined = factory.LazyFunction(clock.now)

    @factory.post_generation
    def roles(self, create, extracted, **kwargs):
        for role in extracted or ():
            OfficeRoleFactory(person=self.person, role=role)

    @factory.post_generation
    def departments(self, create, extracted, **kwargs):
        for department in extracted or ():
            models.DepartmentMember.objects.create(department=department, person=self.person, added_at=clock.now())


class OfficeRoleFactory(DjangoModelFactory):
    class Meta:
        skip_postgeneration_save = True
        model = models.OfficeRole

    person = factory.SubFactory(PersonFactory)
    role = "staff"
    granted_at = factory.LazyFunction(clock.now)
    granted_by = "set-up"
