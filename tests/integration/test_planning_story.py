"""The planner's story through the pages: gap → application → every section → signature → submitted (issue story, step 1)."""

import pytest
from django.urls import reverse

from activities.domain import plan
from activities.models import Activity, Submission
from common.models import OutboxMessage
from tests.factories import UserFactory
from tests.integration.planning_cases import School, disclose, open_titles, write_case_1

pytestmark = pytest.mark.django_db


@pytest.fixture
def school():
    return School()


def test_case_1_is_planned_signed_and_sent(client, school):
    case = write_case_1(client, school)
    activity = case.activity

    assert plan.load(activity).agenda.minutes == 330
    assert open_titles(activity) == [
        "The director attests independence, balance and privacy",
        "The activity director signed",
    ]

    disclose(activity)
    client.force_login(UserFactory(person=case.people.cardiologist))
    ticks = {f"attest_{name}": "on" for name in ("independent", "no_marketing", "valid_content", "privacy")}
    signed = case.write.post("sign", "sign", signed_name="Ingrid Solberg, MD", **ticks)
    assert signed.status_code == 302, signed.content.decode()

    client.force_login(school.planner)
    sent = client.post(reverse("activities:application_submit", args=[activity.number]))
    assert sent["Location"] == reverse("activities:plan_detail", args=[activity.number])

    activity = Activity.objects.get(pk=activity.pk)
    assert (activity.status, activity.signed_name, activity.answer_due_on is not None) == (
        "submitted",
        "Ingrid Solberg, MD",
        True,
    )
    frozen = Submission.objects.get(activity=activity)
    assert (frozen.number, frozen.plan["sections"]["basics"]["title"]["text"]) == (1, "Four Pillars in Four Weeks")
    receipts = OutboxMessage.objects.filter(template="application_received").order_by("to").values_list("to", flat=True)
    assert list(receipts) == sorted(["cardiologist@lakeshore.example", school.planner.email])
    for name in ("plan_detail", "trace"):
        assert client.get(reverse(f"activities:{name}", args=[activity.number])).status_code == 200
