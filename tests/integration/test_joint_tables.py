"""What the database itself refuses about organisations and joint providers."""

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Organisation
from activities.models import JointProvider
from common import clock
from tests.factories import ActivityFactory, PersonFactory
from tests.factories.joint import JointProviderFactory, OrganisationFactory

pytestmark = pytest.mark.django_db


def refused(constraint, act):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        act()


@pytest.mark.parametrize("name", ["Harbor Hospital", "HARBOR hospital"])
def test_an_organisation_is_known_once_whatever_its_capitals(name):
    OrganisationFactory(name="Harbor Hospital")
    refused("organisation_name_once", lambda: OrganisationFactory(name=name))


@pytest.mark.parametrize("name", ["", "Harbor *Hospital*", "Harbor|Hospital", "{provider}", "Harbor\nHospital"])
def test_a_name_is_fit_for_a_statement(name):
    refused("organisation_name_plain", lambda: OrganisationFactory(name=name))


@pytest.mark.parametrize("half", ["assessed_at", "assessed_by"])
def test_answers_have_a_person_and_a_time(half):
    value = clock.now() if half == "assessed_at" else PersonFactory()
    refused("organisation_assessed_coherent", lambda: OrganisationFactory(**{half: value}))


@pytest.mark.parametrize(
    "broken",
    [
        {"eligibility": "eligible"},
        {"decided": True, "eligibility_reason": ""},
        {"decided": True, "decided_at": None},
        {"decided": True, "decided_by": None},
        {"decided": True, "eligibility": "undetermined"},
    ],
    ids=str,
)
def test_a_verdict_has_a_reason_a_person_and_a_time(broken):
    refused("organisation_decided_coherent", lambda: OrganisationFactory(**broken))


def test_an_organisation_is_named_once_in_an_activity():
    row = JointProviderFactory()
    refused("joint_provider_once", lambda: JointProviderFactory(activity=row.activity, organisation=row.organisation))
    JointProviderFactory(activity=ActivityFactory(), organisation=row.organisation)


def test_a_removed_row_makes_room_for_a_new_one():
    row = JointProviderFactory(removed_at=clock.now(), removed_by="set-up")
    JointProviderFactory(activity=row.activity, organisation=row.organisation)
    assert JointProvider.objects.filter(activity=row.activity).count() == 2


@pytest.mark.parametrize(
    "half", [{"removed_at": clock.now}, {"removed_by": "somebody"}], ids=["time alone", "person alone"]
)
def test_a_removal_has_a_person_and_a_time(half):
    values = {k: v() if callable(v) else v for k, v in half.items()}
    refused("jointprovider_removed_coherent", lambda: JointProviderFactory(**values))


def test_history_keeps_every_version():
    row = OrganisationFactory()
    row.kind = "society"
    row.save(update_fields=["kind"])
    versions = Organisation.pgh_event_models["insert"].objects.filter(pgh_obj=row).order_by("pgh_id")
    assert list(versions.values_list("kind", flat=True)) == ["hospital", "society"]
