"""A link from an e-mail ends with the part it was sent for, in the same transaction, and says so in a plain sentence."""

import datetime as dt
import re

import pytest
from django.db import transaction
from django.urls import reverse

from accounts.actors import actor_of_link
from accounts.domain.links import LinkGone
from accounts.models import LinkGrant
from activities.domain import people, sections, series
from activities.models import ActivityRole
from common import clock
from common.models import AuditEvent, OutboxMessage, RateBucket
from integrity.domain import disclosures
from integrity.models import Disclosure
from tests.factories import ActivityFactory, ActivityRoleFactory, SessionFactory
from tests.integration.planning_cases import School, Writer

pytestmark = pytest.mark.django_db
NONE = {"action": "send", "answer": "none", "attested_name": "Naomi Feldstein", "row": "1"}


@pytest.fixture
def school():
    return School()


@pytest.fixture
def draft(school):
    return school.draft(title="Opioid Use Disorder in Primary Care")


def name(school, activity, role="planner", email="naomi@lakeshore.example", session=None) -> ActivityRole:
    return people.add_role(
        activity_id=activity.pk, email=email, given_name="Naomi", family_name="Feldstein", degrees="MD", profession="physician",
        role=role, session_id=session.pk if session else None, by=school.by,
    )  # fmt: skip


def url_in(message: OutboxMessage) -> str:
    found = re.search(r"/d/([\w-]+)/", message.text)
    assert found
    return reverse("integrity:disclosure_by_link", args=[found[1]])


def mails() -> list[OutboxMessage]:
    return list(OutboxMessage.objects.filter(template="disclosure_request").order_by("pk"))


def live() -> list[bool]:
    return [g.revoked_at is None for g in LinkGrant.objects.order_by("pk")]


def text(response) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_a_removed_team_members_link_is_over_and_says_why(client, school, draft):
    role = name(school, draft)
    (message,) = mails()
    client.force_login(school.planner)
    Writer(client, draft).post("people", f"remove:{role.person_id}-planner")
    client.logout()

    page = client.get(url_in(message))

    assert (live(), page.status_code) == ([False], 410)
    said = text(page)
    assert "You no longer have a part in the content of “Opioid Use Disorder in Primary Care”" in said
    assert "Send me a new link" not in said
    assert AuditEvent.objects.filter(event="link_revoked", actor_id=school.by.person_id).count() == 1


def test_whoever_was_removed_gets_no_new_link_and_sends_nothing(client, school, draft):
    role = name(school, draft)
    (message,) = mails()
    people.remove_part(activity_id=draft.pk, person_id=role.person_id, role="planner", by=school.by)
    before = OutboxMessage.objects.count()

    assert client.post(url_in(message), NONE).status_code == 410
    client.post(url_in(message) + "new/", {})

    assert (OutboxMessage.objects.count(), Disclosure.objects.count(), LinkGrant.objects.count()) == (before, 0, 1)


def test_a_page_that_stood_open_sends_nothing_any_more(school, draft):
    """The link is taken back between opening the page and pressing its button."""
    role = name(school, draft)
    grant = LinkGrant.objects.select_related("person").get()
    people.remove_part(activity_id=draft.pk, person_id=role.person_id, role="planner", by=school.by)

    with pytest.raises(LinkGone, match="taken back"):
        disclosures.submit(
            person_id=role.person_id, answer="none", relationships=[], attested_name="Naomi Feldstein", method="link", by=actor_of_link(grant)
        )  # fmt: skip

    grant.refresh_from_db()
    assert (Disclosure.objects.count(), grant.last_used_at) == (0, None)


def test_the_link_stays_while_another_part_needs_it(client, school, draft):
    role = name(school, draft)
    name(school, draft, role="speaker")
    people.remove_part(activity_id=draft.pk, person_id=role.person_id, role="planner", by=school.by)
    assert live() == [True]
    assert client.get(url_in(mails()[0])).status_code == 200

    people.remove_part(activity_id=draft.pk, person_id=role.person_id, role="speaker", by=school.by)
    assert live() == [False]


def test_links_of_other_people_and_other_activities_stay(school, draft):
    role = name(school, draft)
    name(school, draft, email="other@lakeshore.example")
    name(school, school.draft())
    assert live() == [True] * 3
    people.remove_part(activity_id=draft.pk, person_id=role.person_id, role="planner", by=school.by)
    assert live() == [False, True, True]


@pytest.mark.parametrize("act", ["remove", "replace"])
def test_a_speaker_taken_off_a_session_loses_the_link(school, act):
    activity = ActivityFactory(department=school.department, status="approved", kind="RSS")
    session = SessionFactory(
        activity=activity,
        status="planned",
        starts_at=clock.now() + dt.timedelta(days=20),
        check_in_code="",
        code_released_at=None,
    )
    made = series.change_speaker(
        session_id=session.pk, leaving=None, email="naomi@lakeshore.example", given_name="Naomi", family_name="Feldstein", by=school.by
    )  # fmt: skip
    assert live() == [True]

    if act == "remove":
        series.remove_speaker(session_id=session.pk, role_id=made.pk, by=school.by)
        assert live() == [False]
    else:
        series.change_speaker(
            session_id=session.pk, leaving=made.pk, email="eva@lakeshore.example", given_name="Eva", family_name="Lind", by=school.by
        )  # fmt: skip
        assert live() == [False, True]


def test_a_speaker_without_a_session_is_still_asked(school, draft):
    """Who drops out of the agenda stays a speaker until somebody removes the part; so does the link."""
    session = SessionFactory(activity=draft, status="planned", check_in_code="", code_released_at=None)
    role = name(school, draft, role="speaker", session=session)
    sections.save_slots(activity_id=draft.pk, rows={session.pk: {"speakers": []}}, by=school.by)
    role.refresh_from_db()
    assert (role.session_id, role.removed_at, live()) == (None, None, [True])


def test_letting_go_of_content_ends_the_link_and_taking_it_up_brings_a_new_one(school, draft):
    role = name(school, draft, role="coordinator")
    part = {"activity_id": draft.pk, "person_id": role.person_id, "role": "coordinator", "by": school.by}
    people.set_controls_content(controls=True, **part)
    people.set_controls_content(controls=False, **part)
    assert (live(), len(mails())) == ([False], 1)
    people.set_controls_content(controls=True, **part)
    assert (live(), len(mails())) == ([False, True], 2)


def test_who_comes_back_gets_a_link_that_works(client, school, draft):
    role = name(school, draft)
    part = {"activity_id": draft.pk, "person_id": role.person_id, "role": "planner", "by": school.by}
    people.remove_part(**part)
    people.restore_part(**part)

    first, second = mails()
    assert live() == [False, True]
    gone = client.get(url_in(first))
    assert (gone.status_code, "This link was taken back" in text(gone), "Send me a new link" in text(gone)) == (
        410,
        True,
        True,
    )
    assert client.get(url_in(second)).status_code == 200


def test_who_answered_before_leaving_is_not_asked_again(school, draft):
    role = name(school, draft)
    disclosures.submit(
        person_id=role.person_id, answer="none", relationships=[], attested_name="Naomi Feldstein", method="link",
        by=actor_of_link(LinkGrant.objects.select_related("person").get()),
    )  # fmt: skip
    part = {"activity_id": draft.pk, "person_id": role.person_id, "role": "planner", "by": school.by}
    people.remove_part(**part)
    people.restore_part(**part)
    assert (live(), len(mails())) == ([False], 1)


def test_to_and_fro_does_not_fill_a_mailbox(school, draft):
    role = name(school, draft)
    part = {"activity_id": draft.pk, "person_id": role.person_id, "role": "planner", "by": school.by}
    for _n in range(6):
        people.remove_part(**part)
        people.restore_part(**part)
    assert len(mails()) == 4  # the first, and three in an hour
    assert RateBucket.objects.count() == 1


def test_the_part_and_the_link_end_together(school, draft):
    """One transaction: what is taken back takes both back."""
    role = name(school, draft)
    with transaction.atomic():
        people.remove(role, by=school.by, at=role.assumed_at)
        assert live() == [False]
        transaction.set_rollback(True)
    role.refresh_from_db()
    assert (live(), role.removed_at) == ([True], None)


def test_a_link_of_somebody_removed_long_ago_opens_nothing(client, school, draft):
    """Rows from before links ended with the part: the link itself still stands, the page does not."""
    role = name(school, draft)
    (message,) = mails()
    ActivityRole.objects.filter(pk=role.pk).update(removed_at=role.assumed_at, removed_by="before")
    assert live() == [True]
    assert client.get(url_in(message)).status_code == 410
    assert client.post(url_in(message), NONE).status_code == 410
    assert Disclosure.objects.count() == 0


def test_a_new_part_of_somebody_asked_before_sends_nothing_while_the_link_works(school, draft):
    role = name(school, draft)
    ActivityRoleFactory(activity=draft, person=role.person, role="speaker")
    name(school, draft, role="moderator")
    assert (live(), len(mails())) == ([True], 1)
