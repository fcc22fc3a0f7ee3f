"""What the gates ask about independence: WF-1, 2, 3, 5 and 6."""

import datetime as dt

import pytest

from activities.domain import plan as plans
from common import clock
from common.findings import registered
from integrity import readiness
from integrity.enums import Standing
from tests.factories.activities import ActivityFactory, ActivityRoleFactory, SessionFactory
from tests.factories.integrity import (
    CompanyFactory,
    DisclosureFactory,
    DisclosureRequestFactory,
    MitigationActionFactory,
    RelationshipFactory,
    RelevanceDecisionFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def only_ours(settings):
    settings.READINESS_CHECKS = ("integrity.readiness",)


@pytest.fixture
def activity():
    return ActivityFactory(status="in_review")


@pytest.fixture
def session(activity):
    return SessionFactory(
        activity=activity,
        status="planned",
        title="Starting buprenorphine",
        starts_at=clock.now() + dt.timedelta(days=10),
    )


def named(activity, role="planner", session=None, *, family="Lin", disclosed=None, asked=None):
    found = ActivityRoleFactory(
        activity=activity, session=session, role=role, person__given_name="Meihua", person__family_name=family
    )
    if asked:
        DisclosureRequestFactory(activity=activity, person=found.person, asked_at=asked)
    if disclosed:
        DisclosureFactory(person=found.person, submitted_at=disclosed)
    return found


def gate(name, activity, session=None):
    """The findings of this app for a gate, by the function that made them."""
    plan = plans.load(activity)
    plan.session = session
    return {c.function.__name__: c.function(plan) for c in registered() if name in c.gates}


def test_which_gate_reads_which_check(activity):
    assert {
        name: sorted(gate(name, activity))
        for name in ("submission", "review", "approval", "publication", "session", "designation")
    } == {
        "submission": ["check_nobody_excluded", "check_planners_disclosed"],
        "review": ["check_planners_cleared"],
        "approval": ["check_everyone_disclosed", "check_nobody_excluded", "check_relationships_settled"],
        "publication": ["check_disclosure_text", "check_faculty_cleared", "check_nobody_excluded"],
        "session": ["check_disclosure_text", "check_faculty_cleared"],
        "designation": [],
    }


def test_planners_disclosed_names_who_is_missing_and_since_when(activity, session):
    asked = clock.now() - dt.timedelta(days=3)
    named(activity, disclosed=clock.now() - dt.timedelta(days=5), family="Haddad")
    named(activity, asked=asked)
    named(activity, "speaker", session)

    found = gate("submission", activity)["check_planners_disclosed"]

    assert (found.level, found.rules, found.group, found.section, found.who) == (
        "missing",
        ("SII-3.1g", "SII-3.1"),
        "Independence",
        "people",
        "planner",
    )
    assert (
        found.proof
        == f"Waiting on Dr. Meihua Lin’s disclosure, asked {asked.astimezone(plans.load(activity).zone):%a, %b %-d}"
    )
    assert found.link == f"/plan/{activity.number}/people/#people"
    assert [p["name"] for p in found.data["people"]] == ["Meihua Lin, MD"]


def test_everyone_disclosed_says_how_many_when_and_that_the_definition_was_shown(activity, session):
    given = clock.now() - dt.timedelta(days=2)
    named(activity, disclosed=given - dt.timedelta(days=9), family="Haddad")
    named(activity, "speaker", session, disclosed=given)

    found = gate("approval", activity)["check_everyone_disclosed"]

    local = given.astimezone(plans.load(activity).zone)
    assert found.level == "passed"
    assert (
        found.proof
        == f"2 of 2, last on {local:%a, %b %-d}, {local.hour % 12 or 12}:{local:%M} {'am' if local.hour < 12 else 'pm'}. 24 months, definition shown."
    )


def test_everyone_disclosed_is_missing_while_nobody_is_named(activity):
    assert gate("approval", activity)["check_everyone_disclosed"].level == "missing"
    assert gate("submission", activity)["check_planners_disclosed"] is None


def test_expired_disclosure_counts_as_missing(activity):
    named(activity, disclosed=clock.now() - dt.timedelta(days=400))

    found = gate("submission", activity)["check_planners_disclosed"]

    assert (found.level, "has expired" in found.proof) == ("missing", True)


def test_excluded_person_stops_and_cannot_be_overlooked(activity):
    role = named(activity)
    RelationshipFactory(person=role.person, nature="employee")

    for name in ("submission", "approval", "publication"):
        found = gate(name, activity)["check_nobody_excluded"]
        assert (found.level, found.rules) == ("failed", ("SII-3.2",))
        assert [(r["verdict"], r["owner_or_employee"]) for r in found.data["relationships"]] == [("excluded", True)]


def test_nobody_excluded_counts_people_once(activity, session):
    role = named(activity, disclosed=clock.now())
    ActivityRoleFactory(activity=activity, person=role.person, session=session, role="speaker")

    assert gate("approval", activity)["check_nobody_excluded"].proof == "0 found, 1 person."


def test_review_waits_for_planners_only(activity, session):
    planner = named(activity)
    tie = RelationshipFactory(person=planner.person)
    named(activity, "speaker", session)

    found = gate("review", activity)["check_planners_cleared"]
    assert (found.level, found.proof, found.who) == ("missing", "Meihua Lin, MD: to decide.", "staff")

    RelevanceDecisionFactory(relationship=tie, activity=activity)
    assert gate("review", activity)["check_planners_cleared"].proof == "Meihua Lin, MD: to mitigate."

    MitigationActionFactory(relationship=tie, activity=activity, strategy="recuse")
    found = gate("review", activity)["check_planners_cleared"]
    assert (found.level, found.proof) == ("passed", "1 related relationship, mitigated.")


def test_relationships_settled_carries_what_the_decide_form_needs(activity, session):
    speaker = named(activity, "speaker", session, family="Feldstein")
    named(activity, disclosed=clock.now() - dt.timedelta(days=5), family="Haddad")
    company = CompanyFactory(name="Corvane Therapeutics")
    tie = RelationshipFactory(person=speaker.person, company=company, ended=True, ended_on="March 2026")
    earlier = RelevanceDecisionFactory(relationship__company=company)

    found = gate("approval", activity)["check_relationships_settled"]

    assert (found.level, found.who, found.rules) == ("missing", "staff", ("SII-3.3", "SII-3.4"))
    assert found.data["relationships"] == [
        {
            "relationship_id": tie.pk, "activity_id": activity.pk, "verdict": "to_decide",
            "person_id": speaker.person_id, "person": "Meihua Feldstein, MD", "roles": ["Speaker"], "sessions": ["Starting buprenorphine"],
            "company_id": company.pk, "company": "Corvane Therapeutics", "eligibility": "ineligible", "company_decided": False, "traded": "unknown",
            "nature": "Consultant (ended March 2026)", "owner_or_employee": False, "previous_id": None, "relevant": None,
            "strategies": [
                ("divest", "Divest the relationship"), ("peer_review_content", "Peer review of content by persons without relevant relationships"),
                ("attest", "Attest that clinical recommendations are evidence-based and free of commercial bias"), ("other", "Other (describe)"),
            ],
            "deadline": session.starts_at, "reviewers": ["Meihua Haddad, MD"],
            "earlier": [{"year": earlier.decided_at.year, "relevant": True, "activity": earlier.activity.title}],
        }
    ]  # fmt: skip


def test_relationships_not_relevant_leave_a_clean_proof(activity):
    role = named(activity)
    tie = RelationshipFactory(person=role.person)
    RelevanceDecisionFactory(relationship=tie, activity=activity, relevant=False, rationale="x")

    found = gate("approval", activity)["check_relationships_settled"]

    assert (found.level, found.proof) == ("passed", "No relationship is related to the content.")


def test_session_gate_asks_for_its_own_faculty_and_the_text(activity, session):
    other = SessionFactory(activity=activity, status="planned", starts_at=session.starts_at)
    named(activity, disclosed=clock.now(), family="Haddad")
    named(activity, "speaker", session, disclosed=clock.now())
    named(activity, "speaker", other)

    mine, theirs = gate("session", activity, session), gate("session", activity, other)

    assert {name: f.level for name, f in mine.items()} == {
        "check_faculty_cleared": "passed",
        "check_disclosure_text": "passed",
    }
    assert mine["check_disclosure_text"].proof == "Says: absence of relationships. Made from the record."
    assert {name: f.level for name, f in theirs.items()} == {
        "check_faculty_cleared": "missing",
        "check_disclosure_text": "missing",
    }


@pytest.mark.parametrize(("kind", "level"), [("C", "missing"), ("RSS", "passed")])
def test_publishing_a_series_waits_for_no_later_speaker(kind, level):
    activity = ActivityFactory(status="designated", kind=kind)
    session = SessionFactory(activity=activity, status="planned", starts_at=clock.now() + dt.timedelta(days=90))
    named(activity, "director", disclosed=clock.now(), family="Haddad")
    named(activity, "speaker", session)

    assert gate("publication", activity)["check_disclosure_text"].level == level


def test_draft_says_answered_not_read():
    draft = ActivityFactory()
    role = named(draft)
    RelationshipFactory(person=role.person)

    assert [s.standing for s in readiness.standings(plans.load(draft))] == [Standing.DISCLOSED]
    assert gate("submission", draft)["check_planners_disclosed"].level == "passed"


@pytest.mark.parametrize("items", [1, 3])
def test_all_checks_together_take_a_constant_number_of_queries(activity, session, items, django_assert_num_queries):
    for _n in range(items):
        role = named(activity, "speaker", session)
        RelationshipFactory(person=role.person)
    named(activity, disclosed=clock.now())
    plan = plans.load(activity)
    checks = [c.function for c in registered()]
    readiness.check_everyone_disclosed(plan)

    # Standings are on the plan by now: what is left is what the office decided earlier on the same companies.
    with django_assert_num_queries(1):
        for function in checks:
            function(plan)
