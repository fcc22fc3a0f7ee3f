"""The office decides about an organisation, and puts the list right until learners read the statement."""

import pytest
from django.urls import reverse

from accounts.actors import actor_of, actor_of_person
from accounts.domain.organisations import decide_eligibility
from accounts.models import Organisation
from activities.domain import joint, reviews
from activities.models import Activity, JointProvider
from common.errors import Invalid, NotAllowed
from common.models import AuditEvent
from tests.factories import ActivityRoleFactory, PersonFactory, ProviderFactory, UserFactory
from tests.factories.joint import NO_TO_ALL, JointProviderFactory, OrganisationFactory
from tests.integration.joint_cases import ACADEMY, HARBOR, joint_office

pytestmark = pytest.mark.django_db

YES = {"eligibility": "eligible", "reason": "A foundation; the sister company has no say."}


@pytest.fixture(autouse=True)
def provider():
    return ProviderFactory()


@pytest.fixture
def staff(client):
    user = UserFactory(roles=["staff"])
    client.force_login(user)
    return user


def url(organisation):
    return reverse("admin:accounts_organisation_decide", args=[organisation.pk])


def decided():
    rows = AuditEvent.objects.filter(event="organisation_decided").order_by("pk")
    return list(rows.values_list("new", "reason"))


# --- the decision --------------------------------------------------------------------------------------


def test_the_page_shows_what_the_decision_rests_on(client, staff):
    row = JointProviderFactory(organisation=OrganisationFactory(name=HARBOR, doubtful=True))
    page = client.get(url(row.organisation)).content.decode()
    assert HARBOR in page
    assert "those whose primary business is producing, marketing, selling" in page
    assert "Does it share management, employees or governance with a sister company that is ineligible?" in page
    assert row.organisation.assessed_by.full_name in page
    assert f'href="{reverse("desk:activity", args=[row.activity.number])}"' in page


def test_a_decision_is_recorded_with_reason_person_and_time(client, staff):
    organisation = OrganisationFactory(name=HARBOR, doubtful=True)
    answer = client.post(url(organisation), YES)
    assert (answer.status_code, answer.url) == (302, reverse("admin:accounts_organisation_changelist"))
    organisation.refresh_from_db()
    assert (organisation.eligibility, organisation.eligibility_reason, organisation.decided_by) == (
        "eligible", YES["reason"], staff.person,
    )  # fmt: skip
    assert organisation.decided_at is not None
    assert decided() == [({"eligibility": "eligible"}, YES["reason"])]


@pytest.mark.parametrize(("target", "lands"), [("/admin/desk/", "/admin/desk/"), ("https://elsewhere.example/", None)])
def test_from_the_desk_one_comes_back_to_the_desk(client, staff, target, lands):
    answer = client.post(f"{url(OrganisationFactory())}?next={target}", YES)
    assert answer.url == (lands or reverse("admin:accounts_organisation_changelist"))


def test_the_desk_leads_to_the_decision_and_on_to_approval(client):
    made = joint_office("in_review", HARBOR, doubtful=True)
    client.force_login(made.school.staff)
    desk = reverse("desk:activity", args=[made.activity.number])
    way = f"{url(made.rows[0].organisation)}?next={desk}"
    page = client.get(desk).content.decode()
    assert f'href="{way}"' in page
    assert "Joint, Harbor Community Hospital" in page
    client.post(way, YES)
    assert f'href="{way}"' not in client.get(desk).content.decode()
    reviews.approve(activity_id=made.pk, by=made.staff)
    assert Activity.objects.get(pk=made.pk).status == "approved"


@pytest.mark.parametrize("missing", ["eligibility", "reason"])
def test_half_a_decision_stays_on_the_page(client, staff, missing):
    organisation = OrganisationFactory()
    answer = client.post(url(organisation), YES | {missing: ""})
    assert answer.status_code == 200
    assert "One answer needs a change" in answer.content.decode()
    organisation.refresh_from_db()
    assert (organisation.eligibility, decided()) == ("undetermined", [])


def test_who_answered_does_not_decide(client, staff):
    organisation = OrganisationFactory(doubtful=True, assessed_by=staff.person)
    assert client.post(url(organisation), YES).status_code == 403
    organisation.refresh_from_db()
    assert (organisation.eligibility, decided()) == ("undetermined", [])


@pytest.mark.parametrize(
    "who", [lambda o: actor_of(UserFactory(departments=[])), lambda o: actor_of_person(PersonFactory())]
)
def test_only_the_office_decides(who):
    organisation = OrganisationFactory(doubtful=True)
    with pytest.raises(NotAllowed):
        decide_eligibility(organisation_id=organisation.pk, by=who(organisation), **YES)
    assert decided() == []


@pytest.mark.parametrize("roles", [(), ("reviewer",), ("leadership",)])
def test_others_do_not_get_in(client, roles):
    client.force_login(UserFactory(roles=list(roles)))
    organisation = OrganisationFactory(doubtful=True)
    assert client.post(url(organisation), YES).status_code in {302, 403}
    organisation.refresh_from_db()
    assert organisation.decided_at is None


@pytest.mark.parametrize(("values", "field"), [({"eligibility": "maybe"}, "eligibility"), ({"reason": "  "}, "reason")])
def test_what_is_no_verdict_is_refused(staff, values, field):
    with pytest.raises(Invalid) as refused:
        decide_eligibility(organisation_id=OrganisationFactory().pk, by=actor_of(staff), **(YES | values))
    assert list(refused.value.fields) == [field]


def test_opened_again_its_planners_can_answer_again(client, staff):
    organisation = OrganisationFactory(clear=True, decided=True)
    row = JointProviderFactory(organisation=organisation)
    client.post(url(organisation), {"eligibility": "undetermined", "reason": "It was sold."})
    organisation.refresh_from_db()
    assert (organisation.is_decided, organisation.decided_at, organisation.decided_by) == (False, None, None)
    joint.save_joint_providers(
        activity_id=row.activity_id,
        rows={row.pk: {"makes_products": True}},
        by=actor_of(UserFactory(roles=["director"])),
    )
    organisation.refresh_from_db()
    assert organisation.answers == {**NO_TO_ALL, "makes_products": True}


@pytest.mark.parametrize("items", [1, 3])
def test_the_page_takes_a_constant_number_of_queries(client, staff, items, django_assert_max_num_queries):
    organisation = OrganisationFactory(doubtful=True)
    JointProviderFactory.create_batch(items, organisation=organisation)
    client.get(url(organisation))
    with django_assert_max_num_queries(10):
        client.get(url(organisation))


@pytest.mark.parametrize("model", [Organisation, JointProvider])
def test_rows_are_read_and_not_typed_over(client, staff, model):
    row = JointProviderFactory()
    obj = row if model is JointProvider else row.organisation
    name = f"{model._meta.app_label}_{model._meta.model_name}"
    assert client.get(reverse(f"admin:{name}_changelist")).status_code == 200
    assert client.get(reverse(f"admin:{name}_change", args=[obj.pk])).status_code == 200
    assert client.post(reverse(f"admin:{name}_change", args=[obj.pk]), {"name": "x"}).status_code == 403
    assert client.get(reverse(f"admin:{name}_add")).status_code == 403
    assert client.post(reverse(f"admin:{name}_delete", args=[obj.pk]), {"post": "yes"}).status_code == 403


# --- the list, put right ---------------------------------------------------------------------------------


def live(activity):
    rows = JointProvider.objects.filter(activity=activity, removed_at=None).order_by("pk")
    return list(rows.values_list("organisation__name", "is_accredited"))


@pytest.mark.parametrize("step", ["submitted", "in_review", "approved", "designated"])
def test_the_office_puts_the_list_right_until_it_is_published(client, step):
    made = joint_office(step, HARBOR)
    client.force_login(made.school.staff)
    row = made.rows[0]
    answer = client.post(
        reverse("admin:activities_jointprovider_set_accredited", args=[row.pk]), {"is_accredited": "yes"}
    )
    assert (answer.status_code, live(made.activity)) == (302, [(HARBOR, True)])
    add = {"name": ACADEMY, "kind": "society", "is_accredited": "no"}
    answer = client.post(reverse("admin:activities_activity_add_partner", args=[made.pk]), add)
    assert (answer.status_code, live(made.activity)) == (302, [(HARBOR, True), (ACADEMY, False)])
    answer = client.post(reverse("admin:activities_jointprovider_take_off", args=[row.pk]))
    assert (answer.status_code, live(made.activity)) == (302, [(ACADEMY, False)])
    events = ["joint_provider_changed", "joint_provider_added", "joint_provider_removed"]
    found = AuditEvent.objects.filter(event__startswith="joint_provider", actor_id=made.staff.person_id).order_by("pk")
    assert list(found.values_list("event", flat=True)) == events
    assert Activity.objects.get(pk=made.pk).signed_at is not None


def test_what_learners_read_stays(client):
    made = joint_office("published", HARBOR)
    client.force_login(made.school.staff)
    row = made.rows[0]
    for address, data in (
        (reverse("admin:activities_jointprovider_set_accredited", args=[row.pk]), {"is_accredited": "yes"}),
        (reverse("admin:activities_jointprovider_take_off", args=[row.pk]), {}),
        (reverse("admin:activities_activity_add_partner", args=[made.pk]), {"name": ACADEMY, "kind": "society", "is_accredited": "no"}),
    ):  # fmt: skip
        assert client.post(address, data).status_code == 403
    assert live(made.activity) == [(HARBOR, False)]
    assert Organisation.objects.count() == 1


def test_nobody_puts_right_what_they_have_a_part_in(client):
    made = joint_office("approved", HARBOR)
    ActivityRoleFactory(activity=made.activity, person=made.school.staff.person, role="planner")
    client.force_login(made.school.staff)
    assert client.post(reverse("admin:activities_jointprovider_take_off", args=[made.rows[0].pk])).status_code == 403
    assert live(made.activity) == [(HARBOR, False)]


def test_a_refusal_stands_on_the_form(client):
    made = joint_office("approved", HARBOR)
    client.force_login(made.school.staff)
    add = {"name": HARBOR, "kind": "hospital", "is_accredited": "no"}
    answer = client.post(reverse("admin:activities_activity_add_partner", args=[made.pk]), add)
    assert answer.status_code == 200
    assert f"{HARBOR} is named already." in answer.content.decode()
    assert live(made.activity) == [(HARBOR, False)]
