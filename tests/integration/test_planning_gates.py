"""One rule, one test: from a plan in order, break one thing and exactly that finding opens (WF-1)."""

import datetime as dt

import pytest

from activities.domain import gates, plan, trace
from activities.enums import Section
from activities.models import Activity, ActivityRole, Objective, Session
from common import clock
from common.models import Waiver
from tests.factories import ActivityRoleFactory, PersonFactory, SessionFactory
from tests.integration.planning_cases import School, complete, count_queries, disclose, open_titles, sign

pytestmark = pytest.mark.django_db

UNSIGNED = ["The director attests independence, balance and privacy", "The activity director signed"]


@pytest.fixture
def case():
    found = complete(School())
    found.load = lambda: plan.load(Activity.objects.get(pk=found.activity.pk))
    return found


def column(**values):
    return lambda case: Activity.objects.filter(pk=case.activity.pk).update(**values)


def last_session(**values):
    return lambda case: Session.objects.filter(pk=case.activity.sessions.last().pk).update(**values)


def untaught(case):
    for session in case.activity.sessions.all():
        session.objectives.remove(case.objectives[2])


def twice_at_once(case):
    first, second = case.activity.sessions.filter(title__startswith="Workshop").order_by("pk")
    ActivityRole.objects.filter(session=second).update(person=first.roles.get().person)


BREAKS = {
    "It has a title": column(title=" "),
    "First and last day are set": column(starts_on=None, ends_on=None),
    "Place or platform is named": column(location="", city=""),
    "Expected number of learners": column(expected_learners=None),
    "The audience is named, with its professions": column(audience=""),
    "It has not begun: credit is designated before the start": lambda case: Session.objects.filter(activity=case.activity).update(
        starts_at=clock.now() - dt.timedelta(hours=2), ends_at=clock.now() - dt.timedelta(hours=1)
    ),
    "An activity director is named": lambda case: case.activity.roles.filter(role="director").update(role="planner"),
    "At least two professions plan for an audience of several": lambda case: case.activity.roles.filter(
        role__in=["nurse_planner", "pharmacist_planner"]
    ).update(role="reviewer"),
    "Every planner’s profession is known": lambda case: ActivityRoleFactory(
        activity=case.activity, person=PersonFactory(profession="", degrees=""), role="coordinator", controls_content=False
    ),
    "It sets out to close a gap in practice": lambda case: (
        case.activity.gap_links.update(removed_at=clock.now()), Objective.objects.filter(activity=case.activity).delete(),
    ),
    "The gap says whose practice, what they do now and what they should do": lambda case: type(case.gap).objects.update(desired_practice=""),
    "Every gap has its needs: knowledge, competence or performance": lambda case: case.gap.needs.filter(kind="knowledge").update(text=""),
    "Every gap is shown by at least 2 sources": lambda case: case.gap.evidence.filter(citation__startswith="2022").update(removed_at=clock.now()),
    "It says how the gap shows among your own learners": lambda case: case.activity.gap_links.update(own_learners=""),
    "Objectives say what the learner will do": lambda case: Objective.objects.filter(pk=case.objectives[0].pk).update(text=""),
    "Every objective answers a need of a gap": lambda case: Objective.objects.filter(pk=case.objectives[0].pk).update(need=None),
    "Every objective names the result it works for": lambda case: Objective.objects.filter(pk=case.objectives[0].pk).update(result=""),
    "Every session has a title": last_session(title=""),
    "Every session has its faculty": lambda case: case.activity.roles.filter(session__title="Workshop: patient coaching").update(
        removed_at=clock.now(), removed_by="test"
    ),
    "Nobody speaks in two sessions at once": twice_at_once,
    "Objective 3 has no session": untaught,
    "The credit asked for is named": column(credit_types=[]),
    "It says what it is designed to change": column(change_text=""),
    "The methods fit, and it says why": column(format_reason=""),
    "At least one competency is named": column(competencies=[]),
    "It says how the change will be measured": column(evaluation_text=""),
    "The evaluation reaches competence or more": column(evaluation_level="3"),
}  # fmt: skip
# Without its gap or its agenda a plan has more to mend than the one line.
MORE = {
    "It sets out to close a gap in practice": ["Objectives say what the learner will do"],
    "It has not begun: credit is designated before the start": ["Every session lies between the first and the last day", "Nobody speaks in two sessions at once"],
}  # fmt: skip


def test_a_plan_in_order_misses_only_the_signature(case):
    assert open_titles(case.activity) == UNSIGNED


@pytest.mark.parametrize("title", BREAKS)
def test_breaking_one_thing_opens_its_finding(case, title):
    BREAKS[title](case)

    findings = gates.for_submission(case.load())
    assert sorted(open_titles(case.activity)) == sorted([title, *MORE.get(title, []), *UNSIGNED])
    found = next(f for f in findings if f.title == title)
    assert found.rules
    assert found.section in Section.values
    assert found.link.startswith(f"/plan/{case.activity.number}/{found.section}/")
    assert found.link.endswith(f"#{found.anchor}")


def test_sessions_outside_the_days_stop(case):
    column(starts_on=case.day + dt.timedelta(days=1), ends_on=case.day + dt.timedelta(days=1))(case)
    assert open_titles(case.activity) == ["Every session lies between the first and the last day", *UNSIGNED]


def test_an_audience_of_one_profession_needs_no_second_planner(case):
    column(professions=["physician"])(case)
    case.activity.roles.filter(role="nurse_planner").update(role="reviewer")
    assert open_titles(case.activity) == UNSIGNED


def test_lints_warn_and_never_stop(case):
    Objective.objects.filter(pk=case.objectives[0].pk).update(text="Understand the four pillars")
    type(case.gap).objects.update(current_practice="There is a need for an update.")

    warned = {
        f.section: bool(f.data.get("warning")) for f in gates.for_submission(case.load()) if f.data.get("warning")
    }

    assert warned == {"gap": True, "objectives": True}
    assert open_titles(case.activity) == UNSIGNED


def test_a_series_needs_objectives_once_and_speakers_later(case):
    column(kind="RSS")(case)
    untaught(case)
    case.activity.roles.filter(role="speaker").update(removed_at=clock.now(), removed_by="test")
    assert open_titles(case.activity) == UNSIGNED

    session = case.activity.sessions.filter(kind="education").first()
    titles = [f.title for f in gates.for_session(session) if f.is_open and f.group == "Planning"]
    assert titles == ["Every session has its faculty"]


def test_a_waiver_opens_the_gate(case):
    column(expected_learners=None)(case)
    Waiver.objects.create(
        rule="APP-1", subject_type="activities.activity", subject_id=case.activity.pk, reason="New format", asked_by="Planner",
        approved_by_id=1, approved_by_label="Director", approved_at=clock.now(),
    )  # fmt: skip
    assert open_titles(case.activity) == UNSIGNED
    assert [f.level for f in gates.for_submission(case.load()) if f.title == "Expected number of learners"] == [
        "waived"
    ]


def test_designation_waits_for_nothing_but_the_start(case):
    gate = gates.for_designation(case.load())
    assert [f.level for f in gate if f.title == "Credit is designated before the first session"] == ["passed"]
    BREAKS["It has not begun: credit is designated before the start"](case)
    assert [
        f.level
        for f in gates.for_designation(case.load())
        if f.title == "Credit is designated before the first session"
    ] == ["failed"]


def test_signed_and_disclosed_is_clean(case):
    disclose(case.activity)
    sign(case.activity, case.people.cardiologist)
    assert [f.title for f in gates.for_submission(case.load()) if f.is_open] == []


def test_plan_and_gate_cost_the_same_however_long_the_plan_is(case):
    def ask():
        gates.for_submission(plan.load(Activity.objects.select_related("department").get(pk=case.activity.pk)))

    ask()  # parameters and wording are remembered
    short = count_queries(ask)
    for n in range(3):
        start = clock.now() + dt.timedelta(days=90, hours=n)
        session = SessionFactory(
            activity=case.activity, status="planned", check_in_code="", code_released_at=None, starts_at=start
        )
        ActivityRoleFactory(activity=case.activity, session=session)
        session.objectives.add(case.objectives[0])
        gap = School().gap()
        gap.needs.create(kind="knowledge", text="One more")
        case.activity.gap_links.create(gap=gap)
    assert count_queries(ask) == short


def test_trace_says_where_each_thread_breaks(case):
    untaught(case)
    Objective.objects.filter(pk=case.objectives[1].pk).update(need=None)
    bare = School().gap(title="Nobody knows why")
    case.activity.gap_links.create(gap=bare)

    rows = trace.threads(case.load())

    assert [(r.number, r.broken_at) for r in rows] == [
        (1, ""),
        (2, "need"),
        (3, "session"),
        (0, "objective"),
        (0, "need"),
    ]
