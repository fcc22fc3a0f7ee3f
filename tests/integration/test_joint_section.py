"""Naming partners in “Basics”: by browser form, with what is refused and what it does to a signature (APP-1, SII-E-5)."""

import pytest
from django.urls import reverse

from accounts.actors import actor_of
from accounts.enums import AssessmentQuestion
from accounts.models import Organisation
from activities.domain import joint, plan, snapshots
from activities.models import Activity, JointProvider
from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent
from tests.factories import UserFactory
from tests.factories.joint import NO_TO_ALL, JointProviderFactory, OrganisationFactory
from tests.integration.planning_cases import (
    School,
    Writer,
    complete,
    count_queries,
    disclose,
    form_data,
    section_url,
    sign,
)

pytestmark = pytest.mark.django_db

HARBOR = "Harbor Community Hospital"
ADD = {"with-name": HARBOR, "with-kind": "hospital", "with-is_accredited": "no"}


@pytest.fixture
def school():
    return School()


@pytest.fixture
def draft(school):
    return school.draft(title="Sepsis in the First Hour")


@pytest.fixture
def write(client, school, draft):
    client.force_login(school.planner)
    return Writer(client, draft)


def live(activity):
    rows = JointProvider.objects.filter(activity=activity, removed_at=None).order_by("pk")
    return list(rows.values_list("organisation__name", "is_accredited"))


def events(name):
    return list(AuditEvent.objects.filter(event=name).values_list("new", flat=True))


def add(activity, by, name=HARBOR, *, is_accredited=False):
    return joint.add_joint_provider(
        activity_id=activity.pk, name=name, kind="hospital", is_accredited=is_accredited, by=by
    )


# --- naming --------------------------------------------------------------------------------------------


def test_a_partner_is_added_by_name(write, draft):
    answer = write.post("basics", "add", **ADD)
    row = JointProvider.objects.get()
    assert (answer.status_code, answer.url) == (302, f"{section_url(draft, 'basics')}#joint-{row.pk}")
    assert live(draft) == [(HARBOR, False)]
    assert row.organisation.kind == "hospital"
    assert events("joint_provider_added") == [{"name": HARBOR, "as": "joint provider"}]
    assert events("organisation_added") == [{"name": HARBOR, "kind": "hospital"}]


@pytest.mark.parametrize("typed", [HARBOR, "  harbor   COMMUNITY hospital "])
def test_a_known_organisation_is_used_again_and_keeps_its_kind(write, draft, typed):
    known = OrganisationFactory(name=HARBOR, kind="society", clear=True)
    write.post("basics", "add", **{**ADD, "with-name": typed})
    assert list(Organisation.objects.values_list("pk", "name", "kind")) == [(known.pk, HARBOR, "society")]
    assert live(draft) == [(HARBOR, False)]
    assert events("organisation_added") == []


@pytest.mark.parametrize("action", ["save", "next"])
def test_a_name_that_was_typed_is_taken_with_the_other_buttons_too(write, draft, action):
    answer = write.post("basics", action, **ADD)
    assert answer.status_code == 302
    assert live(draft) == [(HARBOR, False)]


def test_a_half_written_partner_keeps_what_was_typed(write, draft):
    answer = write.post("basics", "next", **{"with-name": HARBOR, "title": "Sepsis, Again"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f'value="{HARBOR}"' in page
    assert "Choose what kind of organization it is." in page
    assert "Say whether it is accredited to provide CME" in page
    assert live(draft) == []
    draft.refresh_from_db()
    assert draft.title == "Sepsis, Again"


def test_while_one_writes_the_half_written_partner_waits(client, write, draft):
    page = client.get(section_url(draft, "basics"))
    data = {**form_data(page), "with-name": HARBOR, "title": "Sepsis, Again"}
    answer = client.post(section_url(draft, "basics"), data, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert "Saved, except this" not in answer.content.decode()
    assert live(draft) == []
    draft.refresh_from_db()
    assert draft.title == "Sepsis, Again"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Lakeshore University School of Medicine", "This is the accredited provider itself. Name whom it plans with."),
        ("lakeshore university school of medicine", "This is the accredited provider itself. Name whom it plans with."),
        ("Harbor *Hospital*", "Write the organization’s name as it stands in a statement, without * | { or }."),
    ],
)
def test_a_name_that_cannot_stand_in_a_statement_is_refused(write, draft, name, said):
    answer = write.post("basics", "add", **{**ADD, "with-name": name})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert (live(draft), Organisation.objects.count(), events("joint_provider_added")) == ([], 0, [])


def test_a_partner_is_named_once(write, draft):
    write.post("basics", "add", **ADD)
    answer = write.post("basics", "add", **ADD)
    assert answer.status_code == 422
    assert f"{HARBOR} is named already." in answer.content.decode()
    assert live(draft) == [(HARBOR, False)]


def test_removing_can_be_undone_and_both_stay_on_record(client, school, write, draft):
    write.post("basics", "add", **ADD)
    row = JointProvider.objects.get()
    answer = write.post("basics", f"remove:{row.pk}")
    assert live(draft) == []
    assert f"Took {HARBOR} off." in client.get(answer.url).content.decode()
    client.post(section_url(draft, "basics"), {"action": f"restore:{row.pk}"})
    assert live(draft) == [(HARBOR, False)]
    client.post(section_url(draft, "basics"), {"action": f"restore:{row.pk}"})
    assert live(draft) == [(HARBOR, False)]
    row.refresh_from_db()
    assert (row.removed_by, JointProvider.objects.count()) == (school.by.label, 2)
    assert [
        e["name"] for e in AuditEvent.objects.filter(event="joint_provider_removed").values_list("old", flat=True)
    ] == [HARBOR]


def test_another_activity_s_partner_is_out_of_reach(write, draft):
    other = JointProviderFactory()
    assert write.post("basics", f"remove:{other.pk}").status_code == 403
    assert write.post("basics", f"restore:{other.pk}").status_code == 302
    other.refresh_from_db()
    assert other.removed_at is None
    assert live(draft) == []


# --- the questions -------------------------------------------------------------------------------------


def answers_of(pk, **changed):
    return {f"j{pk}-{name}": "no" for name in AssessmentQuestion.values} | {f"j{pk}-{k}": v for k, v in changed.items()}


def test_the_self_assessment_is_kept_with_who_answered(write, school, draft):
    write.post("basics", "add", **ADD)
    row = JointProvider.objects.get()
    write.post("basics", **answers_of(row.pk, sister_controls="yes"))
    organisation = Organisation.objects.get()
    assert organisation.answers == {**NO_TO_ALL, "sister_controls": True}
    assert (organisation.assessed_by, organisation.is_assessed, organisation.has_yes) == (
        school.planner.person, True, True,
    )  # fmt: skip
    assert events("organisation_assessed") == [{**NO_TO_ALL, "sister_controls": True}]
    write.post("basics")
    assert len(events("organisation_assessed")) == 1


def test_an_open_question_stays_open(write, draft):
    write.post("basics", "add", **ADD)
    row = JointProvider.objects.get()
    write.post("basics", **{f"j{row.pk}-makes_products": "no"})
    organisation = Organisation.objects.get()
    assert organisation.answers == {**dict.fromkeys(AssessmentQuestion.values), "makes_products": False}
    assert not organisation.is_assessed


def test_accredited_is_changed_where_it_stands(write, draft):
    write.post("basics", "add", **ADD)
    row = JointProvider.objects.get()
    write.post("basics", **{f"j{row.pk}-is_accredited": "yes"})
    assert live(draft) == [(HARBOR, True)]
    assert events("joint_provider_changed") == [{"name": HARBOR, "as": "co-provider"}]


def test_what_the_office_decided_is_read_and_not_answered_again(client, write, draft):
    organisation = OrganisationFactory(
        name=HARBOR, clear=True, decided=True, eligibility_reason="Our partner since 1998."
    )
    row = JointProviderFactory(activity=draft, organisation=organisation)
    page = client.get(section_url(draft, "basics")).content.decode()
    assert "Our partner since 1998." in page
    assert f"j{row.pk}-makes_products" not in page
    write.post("basics", **answers_of(row.pk, makes_products="yes"))
    organisation.refresh_from_db()
    assert organisation.answers == NO_TO_ALL


def test_an_answer_that_meets_a_decision_is_refused(school, draft):
    organisation = OrganisationFactory(clear=True, decided=True)
    row = JointProviderFactory(activity=draft, organisation=organisation)
    with pytest.raises(Conflict, match="decided about Harbor Community Hospital"):
        joint.save_joint_providers(
            activity_id=draft.pk, rows={row.pk: {"makes_products": True, "is_accredited": True}}, by=school.by
        )
    row.refresh_from_db()
    organisation.refresh_from_db()
    assert (row.is_accredited, organisation.answers, events("joint_provider_changed")) == (False, NO_TO_ALL, [])


def test_a_question_that_nobody_asks_is_a_bug(school, draft):
    row = JointProviderFactory(activity=draft)
    with pytest.raises(ValueError, match="does not ask"):
        joint.save_joint_providers(activity_id=draft.pk, rows={row.pk: {"name": "Corvane"}}, by=school.by)


def test_answers_take_off_the_signature_of_every_draft_that_stands_on_them(school):
    first, second, third = complete(school), complete(school), complete(school)
    organisation = OrganisationFactory(clear=True)
    rows = [JointProviderFactory(activity=c.activity, organisation=organisation) for c in (first, second)]
    for case in (first, second, third):
        disclose(case.activity)
        sign(case.activity, case.people.cardiologist)
    joint.save_joint_providers(activity_id=first.activity.pk, rows={rows[0].pk: {"makes_products": True}}, by=school.by)
    signed = dict(Activity.objects.values_list("pk", "signed_name"))
    assert [bool(signed[c.activity.pk]) for c in (first, second, third)] == [False, False, True]


@pytest.mark.parametrize("act", ["add", "accredited", "remove"])
def test_every_change_takes_the_signature_off(school, act):
    case = complete(school)
    row = JointProviderFactory(activity=case.activity)
    disclose(case.activity)
    sign(case.activity, case.people.cardiologist)
    acts = {
        "add": lambda: add(case.activity, school.by),
        "accredited": lambda: joint.save_joint_providers(activity_id=case.activity.pk, rows={row.pk: {"is_accredited": True}}, by=school.by),
        "remove": lambda: joint.remove_joint_provider(joint_id=row.pk, by=school.by),
    }  # fmt: skip
    acts[act]()
    case.activity.refresh_from_db()
    assert (case.activity.signed_at, case.activity.signed_name) == (None, "")


# --- who may, and when -----------------------------------------------------------------------------------


def test_an_outsider_names_nobody(school, draft):
    with pytest.raises(NotAllowed):
        add(draft, actor_of(school.outsider))
    assert (live(draft), Organisation.objects.count()) == ([], 0)


@pytest.mark.parametrize("status", ["submitted", "in_review", "approved", "designated"])
def test_what_was_sent_is_not_changed_by_planners(school, status):
    draft = school.draft(status=status)
    row = JointProviderFactory(activity=draft)
    for act in (
        lambda: add(draft, school.by),
        lambda: joint.remove_joint_provider(joint_id=row.pk, by=school.by),
        lambda: joint.set_accredited(joint_id=row.pk, is_accredited=True, by=school.by),
        lambda: joint.save_joint_providers(activity_id=draft.pk, rows={row.pk: {"is_accredited": True}}, by=school.by),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert live(draft) == [(row.organisation.name, False)]


def test_the_removed_are_removed_once(school, draft):
    row = JointProviderFactory(activity=draft)
    joint.remove_joint_provider(joint_id=row.pk, by=school.by)
    with pytest.raises(Conflict, match="was removed already"):
        joint.remove_joint_provider(joint_id=row.pk, by=school.by)
    with pytest.raises(Conflict, match="That line is gone"):
        joint.remove_joint_provider(joint_id=row.pk + 1000, by=school.by)


def test_a_name_too_long_is_refused(school, draft):
    with pytest.raises(Invalid) as refused:
        add(draft, school.by, "H" * 201)
    assert list(refused.value.fields) == ["name"]
    assert Organisation.objects.count() == 0


def test_readers_see_the_partners_of_what_was_sent(client, school):
    draft = school.draft(status="submitted")
    JointProviderFactory(activity=draft, organisation=OrganisationFactory(name=HARBOR, doubtful=True))
    client.force_login(school.planner)
    page = client.get(section_url(draft, "basics")).content.decode()
    assert HARBOR in page
    assert "The CME office decides" in page
    assert "Add this organization" not in page


# --- frozen and compared -------------------------------------------------------------------------------


def test_a_submission_freezes_who_it_is_planned_with(school, draft):
    JointProviderFactory(activity=draft, organisation=OrganisationFactory(name=HARBOR, doubtful=True))
    JointProviderFactory(
        activity=draft, organisation=OrganisationFactory(name="Northfield", kind="school"), is_accredited=True
    )
    frozen = snapshots.fields(snapshots.freeze(plan.load(draft)), "basics")
    texts = [f["text"] for key, f in frozen.items() if key.startswith("joint:")]
    assert texts[0].splitlines()[:2] == [f"{HARBOR}; hospital or health system", "Not accredited: joint provider"]
    assert texts[0].splitlines()[2:] == [
        f"{q.label} {'Yes' if q == AssessmentQuestion.SHARES else 'No'}" for q in AssessmentQuestion
    ]
    assert texts[1] == "Northfield; school\nAccredited: co-provider"


def test_the_office_reads_what_changed(school, draft):
    row = JointProviderFactory(activity=draft, organisation=OrganisationFactory(name=HARBOR, clear=True))
    before = snapshots.freeze(plan.load(draft))
    joint.remove_joint_provider(joint_id=row.pk, by=school.by)
    joint.restore_joint_provider(activity_id=draft.pk, joint_id=row.pk, by=school.by)
    assert snapshots.differences(before, snapshots.freeze(plan.load(draft))) == []
    add(draft, school.by, "Pinewater Community Health")
    found = snapshots.differences(before, snapshots.freeze(plan.load(draft)))
    assert [(c.section, c.label, c.before) for c in found] == [("basics", "Planned with", "")]
    assert found[0].after.startswith("Pinewater Community Health; hospital")


@pytest.mark.parametrize("partners", [1, 3])
def test_basics_page_query_count(client, school, draft, partners):
    for _ in range(partners):
        JointProviderFactory(activity=draft, organisation=OrganisationFactory(clear=True, decided=True))
    client.force_login(school.planner)
    client.get(section_url(draft, "basics"))
    found = count_queries(lambda: client.get(section_url(draft, "basics")))
    JointProviderFactory(activity=draft, organisation=OrganisationFactory(clear=True))
    assert count_queries(lambda: client.get(section_url(draft, "basics"))) == found


def test_staff_who_plan_nothing_here_still_write_a_draft_for_its_planners(school, draft):
    add(draft, actor_of(school.staff))
    assert live(draft) == [(HARBOR, False)]


def test_the_section_is_a_page_of_its_planners(client, school, draft):
    client.force_login(UserFactory(departments=[]))
    assert client.get(reverse("activities:application_section", args=[draft.number, "basics"])).status_code == 404
