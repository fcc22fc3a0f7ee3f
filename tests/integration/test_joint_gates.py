"""What the gates ask about partners: answered, eligible, decided, not on probation, named in the statement."""

import pytest
from django.urls import reverse

from accounts.models import AccreditationTerm
from activities.domain import joint, reviews
from activities.models import Activity
from common.errors import Conflict
from credits.domain import designations, publishing
from credits.models import Designation
from tests.factories import ActivityFactory, ProviderFactory
from tests.factories.joint import OrganisationFactory
from tests.integration.joint_cases import ACADEMY, GATES, HARBOR, found, joint_office, partner

pytestmark = pytest.mark.django_db

RULES = ("CME-JP-1", "CME-JP-3", "SII-E-5", "ST-6")
ASSESSED = "The questions about every joint provider are answered"
ELIGIBLE = "No partner is an ineligible company"
PROBATION = "New joint activities are open to us"


@pytest.fixture
def activity():
    ProviderFactory()
    return ActivityFactory()


def levels(gate, activity, *rules):
    return {f.title: f.level for f in found(gate, activity, *(rules or RULES))}


@pytest.mark.parametrize("gate", GATES)
def test_without_a_partner_nothing_is_asked(activity, gate):
    assert levels(gate, activity) == {}


def test_open_questions_are_missing(activity):
    row = partner(activity, kind="hospital")
    assert levels("submission", activity) == {ASSESSED: "missing", PROBATION: "passed"}
    finding = found("submission", activity, "SII-E-5")[0]
    assert (finding.proof, finding.section, finding.anchor) == (HARBOR, "basics", f"joint-{row.pk}")
    assert finding.link.endswith(f"/basics/#joint-{row.pk}")


def test_one_open_question_is_enough(activity):
    row = partner(activity)
    row.organisation.sister_controls = None
    row.organisation.save(update_fields=["sister_controls"])
    assert levels("submission", activity)[ASSESSED] == "missing"


def test_no_to_every_question_passes_every_gate(activity):
    partner(activity)
    assert levels("submission", activity) == {ASSESSED: "passed", ELIGIBLE: "passed", PROBATION: "passed"}
    assert levels("approval", activity) == {ASSESSED: "passed", ELIGIBLE: "passed", PROBATION: "passed"}
    for gate in ("designation", "publication"):
        assert levels(gate, activity) == {ASSESSED: "passed", ELIGIBLE: "passed"}
    assert found("submission", activity, "SII-E-1")[0].proof.startswith(
        f"{HARBOR}: hospital or health system, every question answered “no” on "
    )


def test_a_yes_can_be_sent_but_not_approved(activity):
    row = partner(activity, doubtful=True)
    assert levels("submission", activity) == {ASSESSED: "passed", PROBATION: "passed"}
    assert "so the CME office decides before it approves" in found("submission", activity, "SII-E-5")[0].proof
    title = f"{HARBOR} may be a joint provider"
    for gate in ("approval", "designation", "publication"):
        assert levels(gate, activity)[title] == "missing"
    finding = next(f for f in found("approval", activity, "SII-E-5") if f.title == title)
    assert (finding.who, finding.data["act_url"]) == (
        "staff", reverse("admin:accounts_organisation_decide", args=[row.organisation_id]),
    )  # fmt: skip
    assert finding.proof == (
        "Answered “yes”: Does it share management, employees or governance with a sister company that is ineligible?"
    )


@pytest.mark.parametrize("answers", [{"doubtful": True}, {"kind": "hospital"}], ids=["yes", "not answered"])
def test_the_office_s_verdict_settles_it(activity, answers):
    partner(activity, decided=True, **answers)
    assert levels("approval", activity) == {ASSESSED: "passed", ELIGIBLE: "passed", PROBATION: "passed"}
    assert "the CME office decided on " in found("approval", activity, "SII-E-1")[0].proof


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize("is_accredited", [False, True])
def test_an_ineligible_company_stops_every_gate(activity, gate, is_accredited):
    partner(activity, is_accredited=is_accredited, clear=True, decided=True, eligibility="ineligible")
    finding = next(f for f in found(gate, activity, "SII-E-1") if f.title == ELIGIBLE)
    assert finding.level == "failed"
    assert finding.proof == f"{HARBOR}: the CME office decided that it is an ineligible company. Take it off."


def test_each_partner_in_doubt_is_a_finding_of_its_own(activity):
    partner(activity, doubtful=True)
    partner(activity, ACADEMY, doubtful=True)
    titles = [t for t, level in levels("approval", activity).items() if level == "missing"]
    assert titles == [f"{HARBOR} may be a joint provider", f"{ACADEMY} may be a joint provider"]


def test_an_accredited_partner_is_asked_nothing_and_read_by_the_office(activity):
    partner(activity, is_accredited=True, kind="school")
    assert levels("submission", activity) == {ELIGIBLE: "passed"}
    assert levels("approval", activity) == {ELIGIBLE: "passed", "Co-provided: no joint statement": "passed"}


def test_a_removed_partner_is_asked_nothing(activity):
    row = partner(activity, doubtful=True)
    row.removed_at, row.removed_by = row.added_at, "set-up"
    row.save(update_fields=["removed_at", "removed_by"])
    assert levels("approval", activity) == {}


# --- probation: CME-JP-3 ---------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["Probation", "Accreditation with Probation", "probation"])
@pytest.mark.parametrize("gate", ["submission", "review", "approval"])
def test_on_probation_no_joint_activity_begins(activity, gate, status):
    partner(activity)
    AccreditationTerm.objects.update(status=status)
    finding = found(gate, activity, "CME-JP-3")[0]
    assert (finding.level, finding.proof) == (
        "failed", "Our accreditation is on probation, so no new joint activity can begin.",
    )  # fmt: skip


@pytest.mark.parametrize("gate", ["designation", "publication"])
def test_what_was_approved_before_goes_on(activity, gate):
    partner(activity)
    AccreditationTerm.objects.update(status="Probation")
    assert found(gate, activity, "CME-JP-3") == []


def test_probation_says_nothing_about_co_provided_activities(activity):
    partner(activity, is_accredited=True)
    AccreditationTerm.objects.update(status="Probation")
    assert found("approval", activity, "CME-JP-3") == []


@pytest.mark.parametrize("status", ["Accreditation", "Accreditation with Commendation", "Provisional Accreditation"])
def test_other_terms_let_it_begin(activity, status):
    partner(activity)
    AccreditationTerm.objects.update(status=status)
    assert [f.level for f in found("approval", activity, "CME-JP-3")] == ["passed"]


# --- through the states ----------------------------------------------------------------------------------


def test_approval_waits_for_the_office_s_decision():
    made = joint_office("in_review", HARBOR, doubtful=True)
    with pytest.raises(Conflict, match="Harbor Community Hospital may be a joint provider"):
        reviews.approve(activity_id=made.pk, by=made.staff)
    assert Activity.objects.get(pk=made.pk).status == "in_review"


@pytest.mark.parametrize(
    ("partners", "named"),
    [
        ((), "The Lakeshore University School of Medicine is accredited by the Accreditation Council"),
        ((HARBOR,), f"of Lakeshore University School of Medicine and {HARBOR}. The"),
        ((HARBOR, ACADEMY), f"of Lakeshore University School of Medicine, {HARBOR}, and {ACADEMY}. The"),
    ],
)
def test_designation_freezes_the_statement(partners, named):
    made = joint_office("designated", *partners)
    row = Designation.objects.get(activity=made.activity, ended_at=None)
    assert named in row.accreditation_statement
    assert {f.level for f in found("publication", made.activity, "ST-7")} == {"passed"}
    publishing.publish(activity_id=made.pk, by=made.staff)
    assert Activity.objects.get(pk=made.pk).status == "published"


def test_a_co_provided_activity_has_the_direct_statement():
    made = joint_office("approved")
    partner(made.activity, is_accredited=True)
    designations.designate(activity_id=made.pk, by=made.staff)
    row = Designation.objects.get(activity=made.activity, ended_at=None)
    assert row.accreditation_statement.startswith("The Lakeshore University School of Medicine is accredited")
    assert HARBOR not in row.accreditation_statement
    assert "The accreditation statement names every joint provider" not in levels("publication", made.activity, "ST-7")


NAMED = "The accreditation statement names every joint provider"


def test_a_partner_named_after_the_designation_stops_publishing_until_it_is_designated_again():
    made = joint_office("designated", HARBOR)
    partner(made.activity, ACADEMY)
    finding = next(f for f in found("publication", made.activity, "ST-2") if f.title == NAMED)
    assert (finding.level, finding.proof) == (
        "failed", f"Not named: {ACADEMY}. The list changed since the designation; designate again.",
    )  # fmt: skip
    with pytest.raises(Conflict, match=NAMED):
        publishing.publish(activity_id=made.pk, by=made.staff)
    assert Activity.objects.get(pk=made.pk).status == "designated"

    designations.designate(activity_id=made.pk, by=made.staff)
    assert levels("publication", made.activity, "ST-2") == {NAMED: "passed"}
    publishing.publish(activity_id=made.pk, by=made.staff)
    old, new = Designation.objects.filter(activity=made.activity).order_by("pk")
    assert (ACADEMY in old.accreditation_statement, ACADEMY in new.accreditation_statement) == (False, True)


def test_a_partner_taken_off_after_the_designation_stops_publishing_too():
    made = joint_office("designated", HARBOR)
    joint.remove_joint_provider(joint_id=made.rows[0].pk, by=made.staff)
    assert levels("publication", made.activity, "AMA-DES-1") == {
        "Accreditation and designation statements are verbatim": "failed"
    }
    with pytest.raises(Conflict):
        publishing.publish(activity_id=made.pk, by=made.staff)


def test_part_of_another_name_is_not_the_name():
    made = joint_office("designated", "Harbor Hospital Foundation")
    partner(made.activity, "Harbor Hospital")
    finding = next(f for f in found("publication", made.activity, "ST-2") if f.title == NAMED)
    assert (finding.level, finding.proof.split(".")[0]) == ("failed", "Not named: Harbor Hospital")


def test_an_abbreviation_at_the_end_of_a_name_is_found():
    made = joint_office("designated", "Harbor Education, Inc.")
    assert levels("publication", made.activity, "ST-2") == {NAMED: "passed"}


def test_an_unconfirmed_wording_says_so_before_publishing():
    made = joint_office("approved", HARBOR)
    AccreditationTerm.objects.update(mode="joint")
    designations.designate(activity_id=made.pk, by=made.staff)
    finding = next(f for f in found("publication", made.activity, "ST-2") if f.title == NAMED)
    assert (finding.level, "is not confirmed" in finding.proof) == ("passed", True)


@pytest.mark.parametrize(
    ("summary", "level"),
    [
        ("A day in joint providership with the hospital.", "passed"),
        ("A day in joint sponsorship with the hospital.", "failed"),
        ("Jointly sponsored by the hospital.", "failed"),
        ("In accordance with the Essential Areas and policies.", "failed"),
    ],
)
def test_old_words_are_not_published(activity, summary, level):
    activity.summary = summary
    activity.save(update_fields=["summary"])
    rules = ("ST-7",) if level == "failed" else ("AMA-TM-1",)
    wanted = "Published text uses the words of today" if level == "failed" else "Published text uses the AMA’s phrase"
    assert levels("approval", activity, *rules)[wanted] == level


def test_names_of_one_organisation_are_shared_by_activities():
    first = joint_office("in_review", HARBOR, doubtful=True)
    second = ActivityFactory()
    organisation = first.rows[0].organisation
    second.joint_providers.create(
        organisation=organisation, is_accredited=False, added_at=organisation.created_at, added_by="x"
    )
    assert levels("approval", second)[f"{HARBOR} may be a joint provider"] == "missing"
    assert OrganisationFactory._meta.model.objects.count() == 1
