"""The office's pages: disclosures are read-only, companies are decided on a page of their own."""

import pytest
from django.contrib import admin
from django.urls import include, path, reverse

from common.models import AuditEvent
from integrity.models import Company
from tests.factories.accounts import ProviderFactory, UserFactory
from tests.factories.integrity import CompanyFactory, RelationshipFactory

urlpatterns = [path("admin/", admin.site.urls), path("", include("cme_portal.urls"))]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
DECISION = {"eligibility": "ineligible", "traded": "public", "reason": "Device manufacturer"}


@pytest.fixture(autouse=True)
def provider():
    return ProviderFactory()


@pytest.fixture
def staff(client):
    user = UserFactory(roles=["staff"])
    client.force_login(user)
    return user


def decide_url(company):
    return reverse("admin:integrity_company_decide", args=[company.pk])


@pytest.mark.parametrize("model", ["company", "disclosure", "relationship"])
def test_office_reads_and_changes_nothing_by_hand(client, staff, model):
    tie = RelationshipFactory()
    row = {"company": tie.company, "disclosure": tie.disclosure, "relationship": tie}[model]

    assert client.get(reverse(f"admin:integrity_{model}_changelist")).status_code == 200
    assert client.get(reverse(f"admin:integrity_{model}_change", args=[row.pk])).status_code == 200
    assert client.post(reverse(f"admin:integrity_{model}_change", args=[row.pk]), {"name": "x"}).status_code == 403
    assert client.get(reverse(f"admin:integrity_{model}_add")).status_code == 403
    assert client.post(reverse(f"admin:integrity_{model}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403


def test_office_decides_about_a_company(client, staff):
    company = CompanyFactory(undetermined=True)
    page = client.get(decide_url(company))
    assert page.status_code == 200
    assert "those whose primary business is producing, marketing, selling" in page.content.decode()

    answer = client.post(decide_url(company), DECISION)

    assert (answer.status_code, answer.url) == (302, reverse("admin:integrity_company_changelist"))
    company.refresh_from_db()
    assert (company.eligibility, company.traded, company.reason, company.decided_by) == (
        "ineligible",
        "public",
        "Device manufacturer",
        staff.person,
    )


def test_refusal_stands_on_the_page(client, staff):
    tie = RelationshipFactory(person=staff.person)

    own = client.post(decide_url(tie.company), DECISION)
    incomplete = client.post(decide_url(CompanyFactory()), DECISION | {"reason": ""})

    assert "so a colleague decides about it" in own.content.decode()
    assert "Say what the company does" in incomplete.content.decode()
    assert Company.objects.exclude(decided_at=None).count() == 0
    assert AuditEvent.objects.count() == 0


@pytest.mark.parametrize("roles", [(), ("reviewer",), ("leadership",)])
def test_others_do_not_get_in(client, roles):
    client.force_login(UserFactory(roles=roles))
    company = CompanyFactory(undetermined=True)

    assert client.post(decide_url(company), DECISION).status_code == 302
    company.refresh_from_db()
    assert company.decided_at is None


@pytest.mark.parametrize("items", [1, 3])
def test_lists_take_a_constant_number_of_queries(client, staff, items, django_assert_max_num_queries):
    RelationshipFactory.create_batch(items)
    client.get(reverse("admin:integrity_company_changelist"))

    for model, most in (("company", 9), ("disclosure", 9), ("relationship", 9)):
        with django_assert_max_num_queries(most):
            client.get(reverse(f"admin:integrity_{model}_changelist"))
