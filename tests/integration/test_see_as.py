"""Seeing the portal as somebody else: who may, what is shown, that nothing can be done, and what is kept of it."""

import contextlib
import datetime as dt

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.db.utils import InternalError
from django.test import Client
from django.urls import NoReverseMatch, reverse

from accounts.actors import actor_of
from accounts.domain import see_as
from accounts.models import OfficeRole, SeeAs, SeeAsPage, User
from common import audit, clock, jobs, views
from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent, Job, SeenNote
from tests.consistency.test_pages import addresses
from tests.factories import DepartmentFactory, PersonFactory, ProviderFactory, UserFactory
from tests.integration.claim_cases import ready
from tests.integration.planning_cases import School

pytestmark = pytest.mark.django_db
WHY = "They say a claim is missing."
STOP = "/see-as/stop/"


@pytest.fixture(autouse=True)
def _clock():
    ProviderFactory()
    yield
    clock.forget()


@pytest.fixture
def staff():
    return UserFactory(roles=["staff"])


@pytest.fixture
def learner():
    return UserFactory(person=PersonFactory(given_name="Elena", family_name="Marchetti"))


@pytest.fixture
def looking(client, staff, learner):
    """The browser of the office, seeing the portal as the learner."""
    client.force_login(staff)
    begin(client, learner)
    return client


def begin(client, user, reason=WHY):
    return client.post(reverse("admin:accounts_person_see_as", args=[user.person_id]), {"reason": reason})


def events(name):
    return [(e.actor_id, e.subject_id, e.reason, e.new) for e in AuditEvent.objects.filter(event=name)]


def counts():
    """Rows of every table of ours but what the session itself keeps."""
    ours = ("common", "accounts", "activities", "integrity", "evaluations", "credits", "reporting")
    return {
        m._meta.label: m._default_manager.count()
        for app in ours for m in apps.get_app_config(app).get_models() if m is not SeeAsPage
    }  # fmt: skip


# --- beginning ----------------------------------------------------------------------------------------


def test_the_persons_page_leads_to_it_and_asks_why(client, staff, learner):
    client.force_login(staff)
    address = reverse("admin:accounts_person_see_as", args=[learner.person_id])
    assert address in client.get(reverse("admin:accounts_person_change", args=[learner.person_id])).text
    assert "Reason" in client.get(address).text

    answer = begin(client, learner, reason=" ")

    assert answer.status_code == 200
    assert "Say why, in a sentence." in answer.text
    assert (SeeAs.objects.count(), AuditEvent.objects.count(), "see_as" in client.session) == (0, 0, False)


def test_it_shows_the_persons_own_pages_with_a_banner(looking, learner, staff):
    answer = looking.get("/")
    assert answer.status_code == 200
    assert "You see the portal as <strong>Elena Marchetti</strong>, until" in answer.text
    assert answer.context["person"] == learner.person
    assert staff.person.full_name not in answer.text
    profile = looking.get("/profile/")
    assert learner.email in profile.text
    for page in (profile, looking.get("/nowhere/"), looking.get("/admin/", follow=True), looking.get("/help/")):
        assert STOP in page.text, "the banner is on every page, those of errors too"


def test_it_shows_what_a_planner_sees(client, staff):
    school = School()
    mine, theirs = school.draft(title="Ours"), UserFactory(departments=[DepartmentFactory()])
    client.force_login(staff)
    begin(client, school.planner)
    assert client.get(reverse("activities:plan_detail", args=[mine.number])).status_code == 200
    begin(client, theirs)  # refused: one is somebody else now, and nobody of the office
    client.post(STOP)
    begin(client, theirs)
    assert client.get(reverse("activities:plan_detail", args=[mine.number])).status_code == 404


@pytest.mark.parametrize("who", ["learner", "planner", "reviewer", "leadership"])
def test_only_the_office_may(who, client, learner):
    user = {
        "learner": UserFactory, "planner": lambda: UserFactory(departments=[DepartmentFactory()]),
        "reviewer": lambda: UserFactory(roles=["reviewer"]), "leadership": lambda: UserFactory(roles=["leadership"]),
    }[who]()  # fmt: skip
    client.force_login(user)
    assert begin(client, learner).status_code in {302, 403}
    assert "see_as" not in client.session
    with pytest.raises(NotAllowed):
        see_as.start(person_id=learner.person_id, reason=WHY, by=actor_of(user))
    assert SeeAs.objects.count() == 0


@pytest.mark.parametrize("role", ["staff", "director", "reviewer", "leadership"])
def test_nobody_sees_the_portal_as_a_colleague_of_the_office(role, client, staff):
    colleague = UserFactory(roles=[role])
    client.force_login(staff)
    answer = begin(client, colleague)
    assert "holds an office role" in answer.text
    assert (SeeAs.objects.count(), AuditEvent.objects.count()) == (0, 0)


def test_refusals_say_why(staff, learner):
    by, never = actor_of(staff), PersonFactory()
    closed = UserFactory()
    closed.person.deactivated_at = clock.now()
    closed.person.save(update_fields=["deactivated_at"])
    for person_id, error in ((staff.person_id, Conflict), (never.pk, Conflict), (closed.person_id, Conflict)):
        with pytest.raises(error):
            see_as.start(person_id=person_id, reason=WHY, by=by)
    with pytest.raises(Invalid):
        see_as.start(person_id=learner.person_id, reason="  ", by=by)
    assert SeeAs.objects.count() == 0


# --- nothing can be done --------------------------------------------------------------------------------


def test_every_address_refuses_every_method_that_writes(looking, learner):
    """All of them, the admin's and the foreign ones too; the one way out is Stop."""
    before = counts()
    numbered = {"pk": 1, "user_id": 1, "part": 1, "source_pk": 1, "object_id": "1", "content_type_id": 1}
    urls = set()
    for address in addresses():
        with contextlib.suppress(NoReverseMatch):
            urls.add(reverse(address.name, kwargs={p: numbered.get(p, "x") for p in address.parameters}))
    urls.remove(STOP)
    assert len(urls) > 100

    tried = [("post", url) for url in sorted(urls)]
    tried += [
        (method, url) for url in ("/", "/profile/", "/admin/") for method in ("put", "patch", "delete", "options")
    ]

    answers = {(method, url): getattr(looking, method)(url) for method, url in tried}

    wrong = [k for k, a in answers.items() if a.status_code != 403 or "Nothing was changed" not in a.text]
    assert wrong == []
    assert counts() == before


def test_a_page_that_saves_by_itself_says_that_nothing_is_saved(looking):
    answer = looking.post("/profile/", {"given_name": "Eve"}, headers={"HX-Request": "true"})
    assert (answer.status_code, answer["X-Refused"]) == (403, "Not saved: you only look.")


def test_a_get_that_writes_is_stopped_at_the_database(looking, learner):
    """A wrong code counts as a try of whoever opens it; here nobody's tries are counted."""
    answer = looking.get(reverse("credits:check_in_by_qr", args=["ZZZZZZ"]))
    assert (answer.status_code, "This page is not shown to the CME office" in answer.text) == (403, True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM common_ratebucket WHERE key LIKE 'check_in_wrong%%'")
        assert cursor.fetchone() == (0,)


def test_answers_and_keys_stay_closed(client, staff):
    person, activity, _sessions = ready(evaluated=False)
    user = UserFactory(person=person)
    client.force_login(staff)
    begin(client, user)
    closed = [
        reverse("evaluations:evaluation_answer", args=[activity.number]), reverse("mfa_view_recovery_codes"), reverse("mfa_index"),
        reverse("integrity:disclosure_by_link", args=["token"]), reverse("admin:accounts_person_changelist"),
    ]  # fmt: skip
    answers = [client.get(url) for url in closed]
    assert [(a.status_code, "not shown to the CME office" in a.text) for a in answers] == [(403, True)] * 5


def test_the_actor_can_write_nothing_even_by_mistake(staff, learner):
    from dataclasses import replace

    by = replace(actor_of(learner), seen_by=staff.person_id)
    with pytest.raises(RuntimeError), transaction.atomic():
        audit.record("anything", by=by, subject=learner.person)
    views.note("disclosure", learner.person, by)
    assert (AuditEvent.objects.count(), SeenNote.objects.count()) == (0, 0)


def test_a_form_drawn_for_the_person_cannot_be_sent_as_oneself(staff, learner):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(staff)
    page = browser.get(reverse("admin:accounts_person_see_as", args=[learner.person_id]))
    token = str(page.context["csrf_token"])
    browser.post(
        reverse("admin:accounts_person_see_as", args=[learner.person_id]), {"reason": WHY, "csrfmiddlewaretoken": token}
    )
    stale = str(browser.get("/profile/").context["csrf_token"])
    browser.post(STOP, {"csrfmiddlewaretoken": stale})

    answer = browser.post("/profile/e-mail/", {"csrfmiddlewaretoken": stale})

    assert answer.status_code == 403
    assert User.objects.get(pk=staff.pk).person.mail_off == []


# --- it ends --------------------------------------------------------------------------------------------


def test_stop_leads_back_to_the_persons_page(looking, staff, learner):
    answer = looking.post(STOP, follow=True)
    assert answer.redirect_chain == [(reverse("admin:accounts_person_change", args=[learner.person_id]), 302)]
    assert "You are yourself again." in answer.text
    assert looking.get("/").context["person"] == staff.person
    assert SeeAs.objects.get().ended_how == "stopped"


def test_stop_without_beginning_does_nothing(client, staff):
    client.force_login(staff)
    assert client.post(STOP).url == "/"
    assert client.get(STOP).url == "/"
    assert AuditEvent.objects.count() == 0


@pytest.mark.parametrize("method", ["get", "post"])
def test_after_half_an_hour_nothing_of_the_request_is_done(method, looking, staff, learner):
    clock.move(dt.timedelta(minutes=30, seconds=1))
    answer = getattr(looking, method)("/profile/e-mail/")
    assert answer.url == reverse("admin:accounts_person_change", args=[learner.person_id])
    assert (SeeAs.objects.get().ended_how, "see_as" in looking.session) == ("time", False)
    assert User.objects.get(pk=staff.pk).person.mail_off == []
    assert [e.actor_id for e in AuditEvent.objects.filter(event="see_as_ended")] == [staff.person_id]


def test_it_ends_by_the_clock_when_the_browser_is_closed(looking):
    job = Job.objects.get(name="accounts.tasks.end_see_as")
    assert job.due_at - SeeAs.objects.get().started_at >= dt.timedelta(minutes=30)
    clock.move(dt.timedelta(minutes=31))
    jobs.run(job.pk)
    assert SeeAs.objects.get().ended_how == "time"
    assert AuditEvent.objects.get(event="see_as_ended").actor_label == "clock"


def test_it_ends_when_either_is_no_longer_who_they_were(client, staff, learner):
    client.force_login(staff)
    for change in ("staff loses the role", "the person gets one"):
        begin(client, learner)
        if change == "staff loses the role":
            role = OfficeRole.objects.filter(person=staff.person)
            role.update(revoked_at=clock.now(), revoked_by="director")
            assert client.get("/profile/").url == "/"
            role.update(revoked_at=None, revoked_by="")
        else:
            OfficeRole.objects.create(
                person=learner.person, role="reviewer", granted_at=clock.now(), granted_by="director"
            )
            assert client.get("/profile/").status_code == 302
        assert "see_as" not in client.session


def test_beginning_again_ends_what_was_open(staff, learner):
    first = see_as.start(person_id=learner.person_id, reason=WHY, by=actor_of(staff))
    second = see_as.start(person_id=UserFactory().person_id, reason=WHY, by=actor_of(staff))
    first.refresh_from_db()
    assert (first.ended_how, second.ended_at) == ("replaced", None)
    assert see_as.current(first.pk, staff.person_id) is None
    assert see_as.current(second.pk, staff.person_id) == second
    assert see_as.current(second.pk, learner.person_id) is None, "the key of somebody else’s session opens nothing"


# --- what is kept -----------------------------------------------------------------------------------------


def test_who_whom_why_and_every_page_are_kept(looking, staff, learner):
    looking.get("/")
    looking.get("/profile/", headers={"HX-Request": "true"})
    looking.get("/profile/?q=secret")
    looking.get("/nowhere/")
    looking.post("/profile/", {})
    looking.post(STOP)

    row = SeeAs.objects.get()
    assert list(row.pages.values_list("path", flat=True)) == ["/", "/profile/"]
    started, ended = events("see_as_started"), events("see_as_ended")
    assert [(a, s, r) for a, s, r, _n in started] == [(staff.person_id, str(learner.person_id), WHY)]
    assert ended == [(staff.person_id, str(learner.person_id), "", {"how": "stopped", "pages": 2})]
    assert SeenNote.objects.count() == 0


def test_the_office_reads_who_looked(client, looking, staff, learner):
    looking.get("/")
    looking.post(STOP)
    person = client.get(reverse("admin:accounts_person_change", args=[learner.person_id])).text
    assert WHY in person
    row = client.get(reverse("admin:accounts_seeas_change", args=[SeeAs.objects.get().pk])).text
    assert "Pages seen" in row


def test_the_record_is_not_rewritten(looking):
    looking.get("/")
    row = SeeAs.objects.get()
    for act in (
        lambda: SeeAs.objects.update(reason="another"), lambda: connection.cursor().execute("DELETE FROM accounts_seeas"),
        lambda: SeeAsPage.objects.update(path="/"), lambda: SeeAsPage.objects.all().delete(),
    ):  # fmt: skip
        with pytest.raises(InternalError), transaction.atomic():
            act()
    with pytest.raises(IntegrityError), transaction.atomic():
        SeeAs.objects.create(
            staff=row.staff, person=row.person, reason=WHY, started_at=clock.now(), expires_at=clock.now()
        )


def test_who_is_not_looking_pays_nothing(client, learner, django_assert_num_queries):
    client.force_login(learner)
    client.get("/help/")
    with django_assert_num_queries(2):  # session, and the user with roles and departments: as without it
        client.get("/help/")
