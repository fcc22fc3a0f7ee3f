"""The office's desk: the whole review through its pages, refusals that write nothing, lists of constant cost."""

import pytest
from django.urls import reverse

from activities.domain import applications
from activities.models import Activity, ChangeRequest, Decision
from common import clock
from common.models import AuditEvent, OutboxMessage, TransitionLog, Waiver
from integrity.models import MitigationAction, RelevanceDecision
from tests.factories import ActivityFactory, ActivityRoleFactory, UserFactory
from tests.factories.integrity import RelationshipFactory
from tests.integration.office_cases import fresh, office
from tests.integration.planning_cases import disclose, sign

pytestmark = pytest.mark.django_db


def url(name, made, **query):
    number = made.number if isinstance(made, Activity) else made.activity.number
    return reverse(f"desk:{name}", args=[number], query=query or None)


@pytest.fixture
def staff(client):
    user = UserFactory(roles=["staff"])
    client.force_login(user)
    return user


def written():
    return tuple(
        m.objects.count()
        for m in (
            AuditEvent,
            ChangeRequest,
            Decision,
            MitigationAction,
            OutboxMessage,
            RelevanceDecision,
            TransitionLog,
            Waiver,
        )
    )


def step(client, made, verb):
    answer = client.post(url("step", made), {"verb": verb}, follow=True)
    return [str(m) for m in answer.context["messages"]]


def page(client, made, **query):
    answer = client.get(url("activity", made, **query))
    assert answer.status_code == 200
    return answer.content.decode()


def tie_of(person):
    """A consultancy that the person disclosed just now, in place of the "none" before."""
    return RelationshipFactory(person=person, disclosure__submitted_at=clock.now())


# --- the story ---------------------------------------------------------------------------------------


def test_the_whole_review_through_the_pages(client, staff):
    made = office()
    tie = tie_of(made.case.people.cardiologist)
    assert fresh(made).status == "submitted"
    assert "1 finding is open" in page(client, made)
    assert "Still open" in step(client, made, "start_review")[0]

    answer = client.post(
        url("decide", made),
        {
            "relationship": tie.pk,
            "previous": "",
            "relevant": "yes",
            "strategy": "peer_review_planning",
            "performed_by": "Meihua Lin, MD",
            "rationale": "",
        },
    )
    assert answer.status_code == 302
    action = MitigationAction.objects.get()
    assert (action.relationship, action.performed_by, action.recorded_by) == (tie, "Meihua Lin, MD", staff.person)
    step(client, made, "start_review")
    # faculty: what planners did does not clear a speaker
    client.post(
        url("decide", made),
        {
            "relationship": tie.pk,
            "previous": RelevanceDecision.objects.get().pk,
            "relevant": "yes",
            "strategy": "attest",
        },
    )
    assert list(MitigationAction.objects.values_list("strategy", flat=True)) == ["peer_review_planning", "attest"]
    assert RelevanceDecision.objects.count() == 1

    assert client.get(url("return", made)).status_code == 200
    client.post(
        url("return", made), {**_rows(("format", "Say who owns titration.", "CORE-6")), "note": "Nearly there."}
    )
    assert fresh(made).status == "returned"
    request = ChangeRequest.objects.get()
    assert (request.section, request.text, request.rule) == ("format", "Say who owns titration.", "CORE-6")

    Activity.objects.filter(pk=made.pk).update(change_text="The pharmacist-led clinic owns titration.")
    applications.answer_request(activity_id=made.pk, request_id=request.pk, text="Done, see Format.", by=made.planner)
    if fresh(made).signed_at is None:
        sign(fresh(made), made.case.people.cardiologist)
    applications.submit_application(activity_id=made.pk, by=made.planner)
    sheet = page(client, made, tab="application")
    assert "<del>" in sheet
    assert "Four classes in four weeks." in sheet
    assert "The pharmacist-led clinic owns titration.</ins>" in sheet
    step(client, made, "start_review")
    assert "Done, see Format." in page(client, made)
    assert "Locked: a request is not settled." in page(client, made)
    client.post(url("settle", made), {"request": request.pk})
    assert 'value="approve"' in page(client, made)
    step(client, made, "approve")
    assert fresh(made).status == "approved"
    assert url("designate", made) in page(client, made)
    client.post(url("designate", made), {"ama_pra_1": "on"})
    assert fresh(made).status == "designated"
    assert 'value="publish"' in page(client, made)
    step(client, made, "publish")
    assert fresh(made).status == "published"
    credit = page(client, made, tab="credit")
    assert "5.50" in credit
    assert "designates this live activity for a maximum of 5.50" in credit
    events = page(client, made, tab="history")
    assert "In review to Approved" in events
    assert staff.person.name_with_degrees in events
    assert [d.kind for d in Decision.objects.all()] == ["return", "approve"]
    assert "All faculty are cleared" in page(client, made)


def _rows(*asks, action="send"):
    data = {"form-TOTAL_FORMS": str(len(asks)), "form-INITIAL_FORMS": "0", "action": action}
    for n, (section, text, rule) in enumerate(asks):
        data |= {f"form-{n}-section": section, f"form-{n}-text": text, f"form-{n}-rule": rule}
    return data


# --- what is typed stays -----------------------------------------------------------------------------


def test_returning_keeps_what_was_typed(client, staff):
    made = office("in_review")
    before = written()

    more = client.post(
        url("return", made), _rows(("agenda", "Shorten lunch.", "AMA-CALC-3"), action="add")
    ).content.decode()
    refused = client.post(
        url("return", made), {**_rows(("agenda", "  ", "")), "note": "Nearly there."}
    ).content.decode()

    assert "Shorten lunch." in more
    assert 'name="form-1-text"' in more
    assert "Ask for at least one change" in refused
    assert "Nearly there." in refused
    assert (fresh(made).status, written()) == ("in_review", before)


def test_deciding_keeps_what_was_typed(client, staff):
    made = office()
    tie = tie_of(made.case.people.cardiologist)
    before = written()

    without_reviewer = client.post(
        url("decide", made),
        {
            "relationship": tie.pk,
            "relevant": "yes",
            "strategy": "peer_review_planning",
            "rationale": "She consults for them.",
        },
    ).content.decode()
    silent = client.post(url("decide", made), {"relationship": tie.pk}).content.decode()

    assert "Name the reviewer" in without_reviewer
    assert "She consults for them." in without_reviewer
    assert "Say whether it is related." in silent
    assert written() == before


def test_somebody_else_decided_meanwhile(client, staff):
    made = office()
    tie = tie_of(made.case.people.cardiologist)
    sent = {"relationship": tie.pk, "previous": "", "relevant": "yes", "strategy": ""}
    client.post(url("decide", made), sent)

    late = client.post(url("decide", made), sent).content.decode()

    assert "decided this on" in late
    assert RelevanceDecision.objects.count() == 1


# --- reasons -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verb", "state", "target"), [("reject", "in_review", "rejected"), ("cancel", "approved", "cancelled")]
)
def test_reject_and_cancel_ask_why(client, staff, verb, state, target):
    made = office(state)
    assert client.get(url("reason", made, verb=verb)).status_code == 200

    silent = client.post(url("reason", made), {"verb": verb, "reason": " "}).content.decode()
    assert "Say why, in a sentence" in silent
    assert fresh(made).status == state

    client.post(url("reason", made), {"verb": verb, "reason": "The hall is gone."})
    assert fresh(made).status == target
    assert TransitionLog.objects.latest("pk").reason == "The hall is gone."


def test_an_unknown_verb_is_not_found(client, staff):
    made = office("in_review")
    assert client.get(url("reason", made, verb="approve")).status_code == 404
    assert client.post(url("step", made), {"verb": "reject"}).status_code == 404
    assert fresh(made).status == "in_review"


def test_the_director_waives_an_open_finding(client):
    made = office("in_review")
    Activity.objects.filter(pk=made.pk).update(competencies=[])
    client.force_login(UserFactory(roles=["staff"]))
    assert "Waive with a reason" not in page(client, made)
    assert client.post(url("waive", made), {"rules": "CORE-7,APP-8", "reason": "A pilot."}).status_code == 403
    assert Waiver.objects.count() == 0
    client.force_login(UserFactory(roles=["director"]))
    assert "rules=CORE-7%2CAPP-8" in page(client, made)
    assert client.get(url("waive", made, rules="CORE-7,APP-8")).status_code == 200

    silent = client.post(url("waive", made), {"rules": "CORE-7,APP-8", "reason": ""}).content.decode()
    assert "Say why" in silent
    client.post(url("waive", made), {"rules": "CORE-7,APP-8", "reason": "A pilot without a framework yet."})

    assert sorted(Waiver.objects.values_list("rule", flat=True)) == ["APP-8", "CORE-7"]
    assert "Waived" in page(client, made)
    assert client.get(url("waive", made, rules="CORE-7,APP-8")).status_code == 302


@pytest.mark.parametrize("rules", ["SII-3.2", "AMA-CORE-1", "", "nonsense"])
def test_nothing_else_is_waived(client, rules):
    made = office("in_review")
    client.force_login(UserFactory(roles=["director"]))
    client.post(url("waive", made), {"rules": rules, "reason": "Because."})
    assert Waiver.objects.count() == 0


# --- nobody clears themselves ------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["staff", "director"])
def test_own_application_can_be_read_and_not_decided(client, role):
    made = office("in_review")
    me = UserFactory(roles=[role])
    ActivityRoleFactory(activity=made.activity, person=me.person, role="planner")
    tie = tie_of(made.case.people.cardiologist)
    client.force_login(me)
    before = written()

    text = page(client, made)
    assert "You have a part in this activity, so a colleague decides (SII-3.3)." in text
    assert "Record decision" not in text
    assert 'name="verb"' not in text
    for name, data in (
        ("step", {"verb": "approve"}), ("reason", {"verb": "reject", "reason": "No."}), ("return", _rows(("format", "More.", ""))),
        ("settle", {"request": "1"}), ("waive", {"rules": "CORE-7,APP-8", "reason": "No."}),
    ):  # fmt: skip
        assert client.post(url(name, made), data).status_code == 403, name
    client.post(url("decide", made), {"relationship": tie.pk, "relevant": "no", "rationale": "No."})

    assert (fresh(made).status, written()) == ("in_review", before)


def test_reminding_from_the_desk(client, staff, django_capture_on_commit_callbacks):
    made = office()
    person = ActivityRoleFactory(activity=made.activity, role="speaker").person
    assert "Remind" in page(client, made)

    client.post(url("remind", made), {"person": person.pk})
    again = client.post(url("remind", made), {"person": person.pk}, follow=True)

    assert OutboxMessage.objects.filter(template="disclosure_reminder").count() == 1
    assert "was reminded less than a day ago" in str(list(again.context["messages"])[-1])


# --- the queue ---------------------------------------------------------------------------------------


def test_the_queue_sorts_by_time_left_and_says_what_stands_in_the_way(client, staff):
    late = office("submitted").activity
    other = office("submitted").activity
    Activity.objects.filter(pk=late.pk).update(answer_due_on="2026-01-02")
    tie_of(other.roles.get(role="director").person)
    for _n in range(2):
        ActivityRoleFactory(activity=other, role="speaker")

    answer = client.get(reverse("desk:queue"))

    rows = answer.context["rows"]
    assert [r.activity.pk for r in rows] == [late.pk, other.pk]
    assert rows[0].tone == "bad"
    assert [r.way.text for r in rows] == ["Nobody has opened it", "1 relationship to decide; 2 disclosures missing"]


def test_the_queue_is_filtered_and_searched(client, staff):
    first, second = office("submitted").activity, office("in_review").activity
    Activity.objects.filter(pk=second.pk).update(assigned_to=staff.person, title="Opioid Use Disorder")
    ActivityFactory(status="returned")

    def found(**query):
        return [r.activity.pk for r in client.get(reverse("desk:queue"), query).context["rows"]]

    assert sorted(found()) == sorted([first.pk, second.pk])
    assert found(status="submitted") == [first.pk]
    assert found(mine="on") == [second.pk]
    assert found(q="opioid") == [second.pk]
    assert found(department=second.department_id) == [second.pk]
    assert len(found(tab="waiting")) == 1
    assert found(q="nothing like it") == []
    assert "Nothing here under these filters" in client.get(reverse("desk:queue"), {"q": "zzz"}).content.decode()


def test_an_empty_queue_says_what_will_be_here(client, staff):
    assert "Nothing waits for the office" in client.get(reverse("desk:queue")).content.decode()


@pytest.mark.parametrize("items", [1, 3])
def test_the_queue_takes_a_constant_number_of_queries(client, staff, items, django_assert_max_num_queries):
    for _n in range(items):
        tie_of(office("submitted").case.people.cardiologist)
    client.get(reverse("desk:queue"))
    with django_assert_max_num_queries(23):
        assert len(client.get(reverse("desk:queue")).context["rows"]) == items


@pytest.mark.parametrize("people", [1, 3])
def test_the_compliance_page_takes_a_constant_number_of_queries(client, staff, people, django_assert_max_num_queries):
    made = office("submitted")
    for _n in range(people):
        tie_of(ActivityRoleFactory(activity=made.activity, role="planner").person)
    client.get(url("activity", made))
    with django_assert_max_num_queries(30):
        client.get(url("activity", made))


# --- every state, every person -----------------------------------------------------------------------


@pytest.mark.parametrize("status", list(Activity._meta.get_field("status").choices))
@pytest.mark.parametrize("tab", ["", "application", "credit", "history"])
def test_the_page_opens_in_every_state(client, staff, status, tab):
    activity = ActivityFactory(status=status[0], published_at="2026-01-01T00:00Z")
    assert client.get(url("activity", activity, tab=tab)).status_code == 200


def test_disclosed_people_are_cleared_on_the_page(client, staff):
    made = office()
    for _n in range(3):
        ActivityRoleFactory(activity=made.activity, role="speaker")
    assert page(client, made).count("Remind<") == 3
    disclose(made.activity)
    assert page(client, made).count("Remind<") == 0
