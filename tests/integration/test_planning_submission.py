"""Signing, sending, being sent back, answering, withdrawing (WF-1, APP-16)."""

import datetime as dt

import pytest
from django.db import transaction
from django.urls import reverse

from accounts.actors import actor_of
from activities.domain import applications, sections, snapshots
from activities.models import Activity, Submission
from activities.workflow import ACTIVITY
from common import clock
from common.errors import Conflict, NotAllowed
from common.models import OutboxMessage, TransitionLog
from tests.factories import UserFactory
from tests.integration.planning_cases import School, complete, disclose, section_url, sign

pytestmark = pytest.mark.django_db


@pytest.fixture
def school():
    return School()


@pytest.fixture
def case(school):
    found = complete(school)
    disclose(found.activity)
    return found


def fresh(case):
    return Activity.objects.get(pk=case.activity.pk)


def submit(case, school):
    return applications.submit_application(activity_id=case.activity.pk, by=school.by)


def send_back(case, school, *texts):
    with transaction.atomic(durable=True):
        activity = Activity.objects.select_for_update().get(pk=case.activity.pk)
        ACTIVITY.apply(activity, "return", by=actor_of(school.staff), at=clock.now())
        activity.save(update_fields=["status"])
    asked = [
        case.activity.change_requests.create(
            section="format", text=t, asked_at=clock.now(), asked_by=school.staff.person
        )
        for t in texts
    ]
    return asked


def test_only_the_director_signs(case, school):
    with pytest.raises(NotAllowed):
        applications.sign_application(activity_id=case.activity.pk, name="Somebody", by=school.by)
    assert fresh(case).signed_at is None


def test_signing_waits_for_the_rest(case, school):
    Activity.objects.filter(pk=case.activity.pk).update(format_reason="")
    with pytest.raises(Conflict) as refused:
        sign(case.activity, case.people.cardiologist)
    assert "The methods fit, and it says why (CORE-6, APP-7)" in str(refused.value)
    assert fresh(case).signed_at is None


def test_a_change_takes_the_signature_off(case, school):
    sign(case.activity, case.people.cardiologist)
    same = sections.save_section(
        activity_id=case.activity.pk, section="format", values={"format_reason": "Skills need practice."}, by=school.by
    )
    assert (same, fresh(case).signed_at is None) == ([], False)

    sections.save_section(
        activity_id=case.activity.pk, section="format", values={"format_reason": "Another reason."}, by=school.by
    )
    activity = fresh(case)
    assert (activity.signed_at, activity.signed_by, activity.signed_name, activity.attest_independent) == (
        None,
        None,
        "",
        False,
    )


def test_a_changed_gap_takes_the_signature_off(case, school):
    from activities.domain import gaps

    sign(case.activity, case.people.cardiologist)
    gaps.save_gap(gap_id=case.gap.pk, values={"current_practice": "40%"}, needs={}, by=school.by)
    assert fresh(case).signed_at is None


def test_submit_refuses_while_something_is_open_and_writes_nothing(case, school):
    with pytest.raises(Conflict) as refused:
        submit(case, school)
    assert "The activity director signed (APP-16)" in str(refused.value)
    assert (fresh(case).status, Submission.objects.count(), TransitionLog.objects.count()) == ("draft", 0, 0)
    assert OutboxMessage.objects.filter(template="application_received").count() == 0


def test_submit_moves_freezes_and_tells(case, school):
    sign(case.activity, case.people.cardiologist)

    submission = submit(case, school)

    activity = fresh(case)
    days = applications.working_days_after(clock.today(activity.zone), 10)
    assert (activity.status, activity.answer_due_on, submission.number) == ("submitted", days, 1)
    assert list(submission.plan["sections"]) == [
        "basics",
        "people",
        "gap",
        "objectives",
        "agenda",
        "format",
        "evaluation",
        "sign",
    ]
    assert submission.plan["sections"]["agenda"]["minutes"]["text"].startswith("60 + 45 + 75 + 60 + 90 = 330 minutes.")
    assert [t.verb for t in TransitionLog.objects.all()] == ["submit"]
    mail = OutboxMessage.objects.filter(template="application_received").order_by("pk")
    assert {m.to for m in mail} == {case.people.cardiologist.addresses.get().value, school.planner.email}
    assert "You’ll hear by" in mail[0].text


def test_an_outsider_cannot_submit(case, school):
    sign(case.activity, case.people.cardiologist)
    with pytest.raises(NotAllowed):
        applications.submit_application(activity_id=case.activity.pk, by=actor_of(school.outsider))
    assert fresh(case).status == "draft"


def test_returned_answered_changed_signed_again_and_sent_again(client, case, school):
    sign(case.activity, case.people.cardiologist)
    first = submit(case, school)
    [asked] = send_back(case, school, "Say why cases and not a lecture.")

    client.force_login(school.planner)
    page = client.get(section_url(case.activity, "format")).content.decode()
    assert "Say why cases and not a lecture." in page
    with pytest.raises(Conflict):
        submit(case, school)

    answered = client.post(
        reverse("activities:request_answer", args=[case.activity.number, asked.pk]),
        {f"r{asked.pk}-answer": "Explained."},
    )
    assert answered["Location"] == section_url(case.activity, "format") + f"#request-{asked.pk}"
    asked.refresh_from_db()
    assert (asked.answer, asked.answered_by_id) == ("Explained.", school.planner.person_id)

    sections.save_section(
        activity_id=case.activity.pk,
        section="format",
        values={"format_reason": "Cases change what people do."},
        by=school.by,
    )
    with pytest.raises(Conflict) as refused:
        submit(case, school)
    assert "The activity director signed" in str(refused.value)
    sign(case.activity, case.people.cardiologist)
    second = submit(case, school)

    assert second.number == 2
    changes = snapshots.differences(first.plan, second.plan)
    assert [(c.section, c.key, c.label, c.before, c.after) for c in changes] == [
        ("format", "format_reason", "Why this format", "Skills need practice.", "Cases change what people do.")
    ]
    assert [t.verb for t in TransitionLog.objects.all()] == ["submit", "return", "resubmit"]


def test_an_unchanged_returned_plan_keeps_its_signature(case, school):
    sign(case.activity, case.people.cardiologist)
    submit(case, school)
    [asked] = send_back(case, school, "Is this right?")
    applications.answer_request(activity_id=case.activity.pk, request_id=asked.pk, text="It is.", by=school.by)
    assert submit(case, school).number == 2


def test_an_empty_answer_keeps_the_question(client, case, school):
    sign(case.activity, case.people.cardiologist)
    submit(case, school)
    [asked] = send_back(case, school, "Is this right?")
    client.force_login(school.planner)
    page = client.post(
        reverse("activities:request_answer", args=[case.activity.number, asked.pk]), {f"r{asked.pk}-answer": "  "}
    )
    asked.refresh_from_db()
    assert (page.status_code, "Say what you changed" in page.content.decode(), asked.answered_at) == (200, True, None)


def test_withdrawing_asks_why_and_is_final(client, case, school):
    client.force_login(school.planner)
    url = reverse("activities:application_withdraw", args=[case.activity.number])
    assert client.post(url, {"reason": ""}).status_code == 200
    assert fresh(case).status == "draft"
    client.post(url, {"reason": "The speaker left."})
    assert fresh(case).status == "withdrawn"
    assert TransitionLog.objects.get().reason == "The speaker left."
    assert client.post(section_url(case.activity, "basics"), {"title": "Again"}).status_code == 403


def test_differences_names_what_was_added_and_taken_out():
    def frozen(**fields):
        return {"sections": {"people": {k: {"label": "Speaker", "text": t} for k, t in fields.items()}}}

    found = snapshots.differences(frozen(a="Ana", b="Bo"), frozen(b="Bo Chen", c="Cy"))
    assert [(c.key, c.before, c.after) for c in found] == [("b", "Bo", "Bo Chen"), ("c", "", "Cy"), ("a", "Ana", "")]


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        (dt.date(2026, 11, 20), 1, dt.date(2026, 11, 23)),
        (dt.date(2026, 11, 21), 1, dt.date(2026, 11, 23)),
        (dt.date(2026, 11, 16), 10, dt.date(2026, 11, 30)),
    ],
)
def test_working_days_skip_weekends(start, count, end):
    assert applications.working_days_after(start, count) == end


def test_submit_by_follows_the_parameter(school):
    activity = school.draft(starts_on=dt.date(2031, 3, 16))
    assert applications.submit_by(activity) == dt.date(2031, 1, 19)
    assert applications.submit_by(school.draft(starts_on=None, ends_on=None)) is None


def test_the_sign_page_offers_the_step_that_is_next(client, case, school):
    url = section_url(case.activity, "sign")
    client.force_login(school.planner)
    assert "Waiting for the director’s signature" in client.get(url).content.decode()
    client.force_login(UserFactory(person=case.people.cardiologist))
    assert "Your name, as your signature" in client.get(url).content.decode()
    refused = client.post(url, {"action": "sign", "signed_name": "", "attest_independent": "on"})
    assert (refused.status_code, fresh(case).signed_at) == (422, None)
    client.post(
        url,
        {
            "action": "sign",
            "signed_name": "I. Solberg",
            **{f"attest_{n}": "on" for n in ("independent", "no_marketing", "valid_content", "privacy")},
        },
    )
    assert "Send to the CME office" in client.get(url).content.decode()
