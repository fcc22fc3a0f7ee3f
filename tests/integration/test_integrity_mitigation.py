"""The office decides and mitigates (SII-3.2 to 3.4); nobody decides about themselves."""

import datetime as dt

import pytest

from accounts.actors import actor_of, actor_of_person
from common import clock
from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent
from integrity.domain import mitigation, standing
from integrity.domain.mitigation import Mitigation
from integrity.enums import Standing
from integrity.models import ExclusionException, MitigationAction, RelevanceDecision
from tests.factories.accounts import OfficeRoleFactory, PersonFactory, UserFactory
from tests.factories.activities import ActivityFactory, ActivityRoleFactory, SessionFactory
from tests.factories.integrity import (
    CompanyFactory,
    DisclosureFactory,
    ExclusionExceptionFactory,
    MitigationActionFactory,
    RelationshipFactory,
    RelevanceDecisionFactory,
)

pytestmark = pytest.mark.django_db


def in_days(days):
    return clock.now() + dt.timedelta(days=days)


@pytest.fixture
def activity():
    return ActivityFactory(status="in_review")


@pytest.fixture
def session(activity):
    return SessionFactory(activity=activity, status="planned", starts_at=in_days(10))


@pytest.fixture
def speaker(activity, session):
    return ActivityRoleFactory(activity=activity, session=session, role="speaker")


@pytest.fixture
def tie(speaker):
    return RelationshipFactory(person=speaker.person)


@pytest.fixture
def staff():
    return actor_of(UserFactory(roles=["staff"]))


def decide(tie, activity, by, *, relevant=True, rationale="Makes what the talk is about.", **more):
    return mitigation.decide_relevance(
        relationship_id=tie.pk, activity_id=activity.pk, relevant=relevant, rationale=rationale, by=by, **more
    )


def mitigate(tie, activity, by, strategy="attest", performed_by="", note=""):
    return mitigation.record_mitigation(
        relationship_id=tie.pk, activity_id=activity.pk, strategy=strategy, performed_by=performed_by, note=note, by=by
    )


def where(activity):
    return {item.role.pk: item.standing for item in standing.for_activity(activity)}


# --- relevance ---------------------------------------------------------------------------------------


def test_decide_relevance_moves_the_role_to_mitigation_and_is_audited(tie, speaker, activity, staff):
    assert where(activity) == {speaker.pk: Standing.TO_DECIDE}

    found = decide(tie, activity, staff)

    assert (found.relevant, found.decided_by_id, found.rationale) == (
        True,
        staff.person_id,
        "Makes what the talk is about.",
    )
    assert where(activity) == {speaker.pk: Standing.TO_MITIGATE}
    event = AuditEvent.objects.get()
    assert (event.event, event.actor_id, event.reason) == (
        "relevance_decided",
        staff.person_id,
        "Makes what the talk is about.",
    )


def test_decide_relevance_and_mitigation_in_one_act(tie, speaker, activity, staff):
    decide(tie, activity, staff, mitigation=Mitigation("attest"))

    assert where(activity) == {speaker.pk: Standing.CLEARED_MITIGATED}


def test_decide_relevance_with_a_mitigation_that_does_not_suit_writes_nothing(tie, activity, staff):
    with pytest.raises(Invalid) as error:
        decide(tie, activity, staff, mitigation=Mitigation("recuse"))

    assert set(error.value.fields) == {"strategy"}
    assert (RelevanceDecision.objects.count(), MitigationAction.objects.count(), AuditEvent.objects.count()) == (
        0,
        0,
        0,
    )


def test_decide_not_relevant_needs_a_reason_and_clears(tie, speaker, activity, staff):
    with pytest.raises(Invalid) as error:
        decide(tie, activity, staff, relevant=False, rationale=" ")
    assert set(error.value.fields) == {"rationale"}
    assert RelevanceDecision.objects.count() == 0

    decide(tie, activity, staff, relevant=False, rationale="The talk is about communication.")

    assert where(activity) == {speaker.pk: Standing.CLEARED}


def test_decide_again_only_by_who_saw_the_last_decision(tie, activity, staff):
    first = decide(tie, activity, staff)
    other = actor_of(UserFactory(roles=["staff"]))

    with pytest.raises(Conflict, match=r"decided this on .*: related"):
        decide(tie, activity, other, relevant=False, rationale="Unrelated.")
    assert RelevanceDecision.objects.count() == 1

    decide(tie, activity, other, relevant=False, rationale="Unrelated.", previous_id=first.pk)
    assert [d.relevant for d in RelevanceDecision.objects.all()] == [True, False]


def test_decision_stands_when_the_next_disclosure_says_still_true(tie, speaker, activity, staff):
    decide(tie, activity, staff, mitigation=Mitigation("attest"))
    renewed = DisclosureFactory(person=speaker.person, some=True, submitted_at=clock.now())
    same = RelationshipFactory(disclosure=renewed, company=tie.company, nature=tie.nature)

    assert where(activity) == {speaker.pk: Standing.CLEARED_MITIGATED}
    with pytest.raises(Conflict, match="decided this"):
        decide(same, activity, staff)


@pytest.mark.parametrize("change", [{"ended": True}, {"nature": "researcher"}, {"company": "other"}])
def test_new_or_ended_relationship_reopens(tie, speaker, activity, staff, change):
    decide(tie, activity, staff, mitigation=Mitigation("attest"))
    renewed = DisclosureFactory(person=speaker.person, some=True, submitted_at=clock.now())
    values = {"company": tie.company, "nature": tie.nature} | change
    if values["company"] == "other":
        values["company"] = CompanyFactory()
    RelationshipFactory(disclosure=renewed, **values)

    assert where(activity) == {speaker.pk: Standing.TO_DECIDE}
    if change != {"company": "other"}:
        with pytest.raises(Conflict, match="another disclosure"):
            decide(tie, activity, staff)


def test_decision_in_one_activity_says_nothing_in_another(tie, speaker, activity, staff):
    decide(tie, activity, staff, relevant=False, rationale="Unrelated.")
    elsewhere = ActivityRoleFactory(activity=ActivityFactory(status="submitted"), person=speaker.person)

    assert where(elsewhere.activity) == {elsewhere.pk: Standing.TO_DECIDE}


# --- who may -------------------------------------------------------------------------------------------


def test_wrong_2_nobody_decides_about_themselves_or_where_they_take_part(tie, speaker, activity):
    """The discloser, the director of the activity, its author and its signer are refused, office role or not."""
    director = ActivityRoleFactory(activity=activity, role="director").person
    signer = PersonFactory()
    activity.signed_by, activity.signed_at = signer, clock.now()
    activity.save(update_fields=["signed_by", "signed_at"])
    people = [speaker.person, director, activity.created_by, signer]
    for person in people:
        OfficeRoleFactory(person=person, role="director")
    actors = [actor_of(UserFactory(person=person)) for person in people]

    for by in actors:
        with pytest.raises(NotAllowed):
            decide(tie, activity, by)
        with pytest.raises(NotAllowed):
            mitigate(tie, activity, by)
        with pytest.raises(NotAllowed):
            mitigation.approve_exception(
                relationship_id=tie.pk, activity_id=activity.pk, exception="a", justification="x", by=by
            )

    assert (
        RelevanceDecision.objects.count(),
        MitigationAction.objects.count(),
        ExclusionException.objects.count(),
    ) == (0, 0, 0)
    assert AuditEvent.objects.count() == 0


@pytest.mark.parametrize("roles", [(), ("reviewer",), ("leadership",)])
def test_only_the_office_decides(tie, activity, roles):
    with pytest.raises(NotAllowed):
        decide(tie, activity, actor_of(UserFactory(roles=roles)))
    with pytest.raises(NotAllowed):
        decide(tie, activity, actor_of_person(PersonFactory()))

    assert RelevanceDecision.objects.count() == 0


def test_wrong_2_mitigation_after_the_talk_is_refused_and_would_not_count(tie, speaker, activity, session, staff):
    decide(tie, activity, staff)
    session.starts_at, session.ends_at = in_days(-1), clock.now()
    session.save(update_fields=["starts_at", "ends_at"])

    with pytest.raises(Conflict, match="Too late"):
        mitigate(tie, activity, staff)
    assert MitigationAction.objects.count() == 0

    MitigationActionFactory(relationship=tie, activity=activity, strategy="attest", implemented_at=clock.now())
    assert where(activity) == {speaker.pk: Standing.TO_MITIGATE}


# --- mitigation ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("role", "strategies"), [
    ("speaker", {"divest", "peer_review_content", "attest", "other"}),
    ("moderator", {"divest", "peer_review_content", "attest", "other"}),
    ("planner", {"divest", "recuse", "peer_review_planning", "other"}),
    ("director", {"divest", "recuse", "peer_review_planning", "other"}),
])  # fmt: skip
def test_strategy_suits_the_role(activity, session, staff, role, strategies):
    holder = ActivityRoleFactory(activity=activity, role=role)
    tie = RelationshipFactory(person=holder.person)
    decide(tie, activity, staff)
    accepted = set()
    for strategy in ("divest", "recuse", "peer_review_planning", "peer_review_content", "attest", "other"):
        try:
            mitigate(tie, activity, staff, strategy, performed_by="Meihua Lin, MD", note="As agreed.")
        except Invalid:
            continue
        accepted.add(strategy)

    assert accepted == strategies


def test_planner_who_also_speaks_is_mitigated_in_both_roles(activity, session, staff):
    person = PersonFactory()
    planner = ActivityRoleFactory(activity=activity, role="planner", person=person)
    speaker = ActivityRoleFactory(activity=activity, session=session, role="speaker", person=person)
    tie = RelationshipFactory(person=person)
    decide(tie, activity, staff)

    mitigate(tie, activity, staff, "attest")
    assert where(activity) == {planner.pk: Standing.TO_MITIGATE, speaker.pk: Standing.CLEARED_MITIGATED}

    mitigate(tie, activity, staff, "recuse")
    assert where(activity) == {planner.pk: Standing.CLEARED_MITIGATED, speaker.pk: Standing.CLEARED_MITIGATED}


def test_planner_is_mitigated_before_the_plan_is_approved_or_for_what_is_new_before_the_start(activity, session, staff):
    planner = ActivityRoleFactory(activity=activity, role="planner", assumed_at=in_days(-30))
    tie = RelationshipFactory(person=planner.person)
    decide(tie, activity, staff)
    activity.approved_at = in_days(-1)
    activity.save(update_fields=["approved_at"])

    with pytest.raises(Conflict, match="Too late"):
        mitigate(tie, activity, staff, "recuse")

    renewed = DisclosureFactory(person=planner.person, some=True, submitted_at=clock.now())
    new = RelationshipFactory(disclosure=renewed)
    decide(new, activity, staff, mitigation=Mitigation("recuse"))
    assert where(activity) == {planner.pk: Standing.CLEARED_MITIGATED}


def test_mitigation_needs_a_decision_and_is_recorded_once(tie, activity, staff):
    with pytest.raises(Conflict, match="Decide first"):
        mitigate(tie, activity, staff)
    decide(tie, activity, staff)
    mitigate(tie, activity, staff)
    with pytest.raises(Conflict, match="on record already"):
        mitigate(tie, activity, staff)

    assert MitigationAction.objects.count() == 1


def test_peer_reviewer_is_named_and_has_no_relevant_relationship(tie, speaker, activity, staff):
    tied = ActivityRoleFactory(
        activity=activity, role="planner", person__given_name="Henrik", person__family_name="Solberg"
    )
    other = RelationshipFactory(person=tied.person)
    RelevanceDecisionFactory(relationship=other, activity=activity)
    decide(tie, activity, staff)

    for name in (
        "",
        " ",
        speaker.person.full_name,
        speaker.person.name_with_degrees,
        "henrik SOLBERG",
        "Dr. Henrik Solberg",
    ):
        with pytest.raises(Invalid) as error:
            mitigate(tie, activity, staff, "peer_review_content", performed_by=name)
        assert set(error.value.fields) == {"performed_by"}
    assert MitigationAction.objects.count() == 0

    assert (
        mitigate(tie, activity, staff, "peer_review_content", performed_by="Meihua Lin, MD").performed_by
        == "Meihua Lin, MD"
    )


def test_other_strategy_is_described(tie, activity, staff):
    decide(tie, activity, staff)

    with pytest.raises(Invalid) as error:
        mitigate(tie, activity, staff, "other")

    assert set(error.value.fields) == {"note"}


# --- owners and employees --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    [
        {"nature": "employee"},
        {"nature": "executive"},
        {"nature": "ownership"},
        {"nature": "stock", "traded": "private"},
    ],
)
def test_wrong_4_owner_or_employee_is_excluded_and_cannot_be_decided_or_mitigated(speaker, activity, staff, values):
    tie = RelationshipFactory(person=speaker.person, **values)
    assert where(activity) == {speaker.pk: Standing.EXCLUDED}

    with pytest.raises(Conflict, match=r"excluded \(SII-3.2\)"):
        decide(tie, activity, staff)

    assert RelevanceDecision.objects.count() == 0


def test_wrong_4_public_stock_is_a_relationship_like_others(speaker, activity, staff):
    tie = RelationshipFactory(person=speaker.person, nature="stock", traded="public")

    decide(tie, activity, staff, mitigation=Mitigation("attest"))

    assert where(activity) == {speaker.pk: Standing.CLEARED_MITIGATED}


def test_what_the_office_knows_of_a_company_wins_over_the_disclosers_belief(speaker, activity, staff):
    company = CompanyFactory(traded="private")
    RelationshipFactory(person=speaker.person, nature="stock", traded="public", company=company)

    assert where(activity) == {speaker.pk: Standing.EXCLUDED}


def test_stock_of_unknown_kind_waits_for_the_company(speaker, activity, staff):
    tie = RelationshipFactory(person=speaker.person, nature="stock", traded="unknown")

    with pytest.raises(Conflict, match="privately held"):
        decide(tie, activity, staff)
    mitigation.set_company(
        company_id=tie.company_id, eligibility="ineligible", traded="public", reason="Device manufacturer", by=staff
    )
    decide(tie, activity, staff)

    assert where(activity) == {speaker.pk: Standing.TO_MITIGATE}


def test_employee_of_a_company_nobody_decided_about_waits_for_the_company(speaker, activity, staff):
    tie = RelationshipFactory(person=speaker.person, nature="employee", company=CompanyFactory(undetermined=True))

    with pytest.raises(Conflict, match="ineligible company"):
        decide(tie, activity, staff)
    mitigation.set_company(
        company_id=tie.company_id, eligibility="eligible", traded="unknown", reason="Hospital", by=staff
    )

    assert where(activity) == {speaker.pk: Standing.CLEARED}


def test_approve_exception_lets_the_relationship_be_decided(speaker, activity, staff):
    tie = RelationshipFactory(person=speaker.person, nature="employee")
    with pytest.raises(Invalid) as error:
        mitigation.approve_exception(
            relationship_id=tie.pk, activity_id=activity.pk, exception="d", justification=" ", by=staff
        )
    assert set(error.value.fields) == {"exception", "justification"}

    mitigation.approve_exception(
        relationship_id=tie.pk, activity_id=activity.pk, exception="c", justification="Teaches safe use only.", by=staff
    )
    decide(tie, activity, staff, mitigation=Mitigation("attest"))

    assert where(activity) == {speaker.pk: Standing.CLEARED_MITIGATED}
    with pytest.raises(Conflict, match="excludes nobody"):
        mitigation.approve_exception(
            relationship_id=tie.pk, activity_id=activity.pk, exception="c", justification="Again.", by=staff
        )


def test_exception_a_clears_because_the_content_is_not_related(speaker, activity):
    tie = RelationshipFactory(person=speaker.person, nature="employee")
    ExclusionExceptionFactory(relationship=tie, activity=activity, exception="a")

    assert where(activity) == {speaker.pk: Standing.CLEARED}


# --- companies ---------------------------------------------------------------------------------------------


def test_set_company_is_for_the_office_and_not_for_those_with_ties_to_it(staff):
    company = CompanyFactory(undetermined=True)
    tied = UserFactory(roles=["staff"])
    RelationshipFactory(person=tied.person, company=company)
    values = {"company_id": company.pk, "eligibility": "eligible", "traded": "unknown", "reason": "Hospital"}

    for by in (actor_of(UserFactory()), actor_of(tied)):
        with pytest.raises(NotAllowed):
            mitigation.set_company(**values, by=by)
    for change, field in (({"eligibility": "maybe"}, "eligibility"), ({"reason": " "}, "reason")):
        with pytest.raises(Invalid) as error:
            mitigation.set_company(**values | change, by=staff)
        assert set(error.value.fields) == {field}
    company.refresh_from_db()
    assert (company.eligibility, company.decided_at) == ("undetermined", None)

    mitigation.set_company(**values, by=staff)

    company.refresh_from_db()
    assert (company.eligibility, company.reason, company.decided_by_id) == ("eligible", "Hospital", staff.person_id)
    assert AuditEvent.objects.get().old == {"eligibility": "undetermined", "traded": "unknown"}


def test_ids_that_do_not_belong_together_are_refused(tie, activity, staff):
    with pytest.raises(Conflict):
        decide(tie, ActivityFactory(), staff)
    with pytest.raises(Conflict):
        mitigation.decide_relevance(relationship_id=0, activity_id=activity.pk, relevant=True, rationale="", by=staff)

    assert RelevanceDecision.objects.count() == 0


# --- when a disclosure counts (SII-3.1h) -------------------------------------------------------------------


def test_disclosure_after_the_talk_does_not_count_for_it(activity):
    past = SessionFactory(activity=activity, status="planned", starts_at=in_days(-2))
    late, early = (ActivityRoleFactory(activity=activity, session=past) for _n in range(2))
    DisclosureFactory(person=late.person, submitted_at=in_days(-1))
    DisclosureFactory(person=early.person, submitted_at=in_days(-3))

    assert where(activity) == {late.pk: Standing.ASKED, early.pk: Standing.CLEARED}


def test_disclosure_expires_after_a_year_but_not_for_talks_that_were_held(activity, session):
    coming = ActivityRoleFactory(activity=activity, session=session)
    held = ActivityRoleFactory(
        activity=activity, session=SessionFactory(activity=activity, status="planned", starts_at=in_days(-300))
    )
    for role in (coming, held):
        DisclosureFactory(person=role.person, submitted_at=in_days(-366))

    assert where(activity) == {coming.pk: Standing.EXPIRED, held.pk: Standing.CLEARED}


def test_what_is_disclosed_later_does_not_reopen_a_talk_that_was_held(activity):
    past = SessionFactory(activity=activity, status="planned", starts_at=in_days(-10))
    role = ActivityRoleFactory(activity=activity, session=past)
    DisclosureFactory(person=role.person, submitted_at=in_days(-20))
    RelationshipFactory(disclosure=DisclosureFactory(person=role.person, some=True, submitted_at=in_days(-1)))

    assert where(activity) == {role.pk: Standing.CLEARED}


def test_roles_that_do_not_count_are_left_out(activity, session):
    counted = ActivityRoleFactory(activity=activity, session=session)
    ActivityRoleFactory(activity=activity, role="coordinator", controls_content=False)
    ActivityRoleFactory(activity=activity, removed_at=clock.now(), removed_by="x")
    gone = SessionFactory(activity=activity, status="cancelled")
    ActivityRoleFactory(activity=activity, session=gone)

    assert where(activity) == {counted.pk: Standing.ASKED}
    assert standing.labels(activity) == {counted.pk: Standing.ASKED}


@pytest.mark.parametrize("items", [1, 3])
def test_standings_take_a_constant_number_of_queries(activity, session, items, django_assert_num_queries):
    for _n in range(items):
        role = ActivityRoleFactory(activity=activity, session=session)
        tie = RelationshipFactory(person=role.person)
        RelevanceDecisionFactory(relationship=tie, activity=activity)
        MitigationActionFactory(relationship=tie, activity=activity, strategy="attest")

    with django_assert_num_queries(8):
        found = standing.for_activity(activity)
        assert [s.standing for s in found] == [Standing.CLEARED_MITIGATED] * items
        assert [s.role.person.full_name for s in found]
