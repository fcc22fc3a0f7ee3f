"""Uploads through real pages: what is kept, what is refused and how, what it costs, and how it is given out."""

import hashlib
import io

import pytest
from django.core.files.storage import storages
from django.db import transaction
from django.db.utils import InternalError
from django.test import Client
from django.urls import reverse

from accounts.actors import actor_of
from activities.models import Handout
from common import clock, uploads
from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent, StoredFile
from tests.factories import UserFactory
from tests.factories.files import StoredFileFactory
from tests.integration import upload_cases as cases
from tests.integration.planning_cases import School

pytestmark = pytest.mark.django_db


@pytest.fixture
def school():
    return School()


@pytest.fixture
def activity(school):
    return school.draft(status="approved", approved_at=clock.now())


@pytest.fixture
def planner(client, school):
    client.force_login(school.planner)
    return client


def url(activity):
    return reverse("activities:handout_list", args=[activity.number])


def add(client, activity, file=None, **more):
    data = {"action": "add", "title": "", "session": "", "visible_from": "registration", "url": "", **more}
    return client.post(url(activity), data | ({"file": file} if file is not None else {}))


def fetch(client, handout):
    answer = client.get(reverse("activities:handout_file", args=[handout.activity.number, handout.pk]))
    answer.bytes = b"".join(answer.streaming_content) if answer.streaming else b""
    return answer


def kept(key):
    with storages["private"].open(key) as file:
        return file.read()


def stored_names():
    """Every file that is in the storage now."""

    def walk(folder):
        try:
            folders, names = storages["private"].listdir(folder)
        except FileNotFoundError:
            return
        yield from (f"{folder}/{name}" for name in names)
        for inner in folders:
            yield from walk(f"{folder}/{inner}")

    return set(walk("uploads"))


def test_a_file_is_kept_under_a_name_that_says_nothing(planner, activity, school):
    answer = add(planner, activity, cases.given("../../Vorträge   1.PDF", cases.PDF))

    assert answer.status_code == 302
    row = Handout.objects.get().file
    assert (row.name, row.kind, row.size) == ("Vorträge 1.pdf", "pdf", len(cases.PDF))
    assert row.sha256 == hashlib.sha256(cases.PDF).hexdigest()
    assert (row.purpose, row.created_by_id, row.created_by) == (
        "handout",
        school.planner.person_id,
        str(school.planner.person),
    )
    assert "Vor" not in row.key
    assert row.key.startswith(f"uploads/{clock.now():%Y/%m/%d}/")
    assert kept(row.key) == cases.PDF


def test_the_file_comes_back_as_a_download_and_nothing_else(planner, activity):
    add(planner, activity, cases.given('Talk "1"; x=Größe.pdf', cases.PDF, "text/html"))

    answer = fetch(planner, Handout.objects.get())

    assert answer.bytes == cases.PDF
    assert {name: answer[name] for name in ("Content-Type", "X-Content-Type-Options", "Content-Security-Policy", "Cache-Control")} == {
        "Content-Type": "application/pdf", "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox", "Cache-Control": "private, no-store",
    }  # fmt: skip
    assert answer["Content-Disposition"].startswith("attachment; filename*=utf-8''Talk%20%221%22%3B")


@pytest.mark.parametrize("case", [c for c, (name, _content) in cases.HOSTILE.items() if not name.endswith(".csv")])
def test_a_hostile_file_leaves_nothing_behind_and_takes_nothing_typed(case, planner, activity):
    before = stored_names()
    name, content = cases.HOSTILE[case]

    answer = add(planner, activity, cases.given(name, content), title="Slides of the morning", visible_from="end")

    assert answer.status_code == 422
    form = answer.context["form"]
    assert list(form.errors) == ["file"]
    assert (form["title"].value(), form["visible_from"].value()) == ("Slides of the morning", "end")
    assert answer.text.count(form.errors["file"][0].replace("'", "&#x27;")) == 2, "in the summary, and at the field"
    assert (Handout.objects.count(), StoredFile.objects.count(), stored_names()) == (0, 0, before)


def test_a_file_past_the_limit_is_refused_at_its_field_and_not_kept(planner, activity, settings):
    settings.UPLOAD_MAX_MB = 1
    file = cases.given("talk.pdf", cases.PDF + b"\x00" * 1024 * 1024 * 3)

    answer = add(planner, activity, file, title="Slides")

    form = answer.context["form"]
    assert form.errors == {
        "file": [
            "The file is larger than 1 MB. Save it smaller, for example with smaller pictures, and choose it again."
        ]
    }
    assert form["title"].value() == "Slides"
    assert StoredFile.objects.count() == 0


class Unread(io.BytesIO):
    """A body that nobody may read."""

    def read(self, *args):
        raise AssertionError("The body was read.")

    readline = read


@pytest.mark.parametrize("page", ["handouts", "sign-in"])
def test_a_huge_body_is_refused_unread(page, planner, activity):
    address = url(activity) if page == "handouts" else reverse("accounts:sign_in")

    answer = planner.generic(
        "POST",
        address,
        b"",
        content_type="multipart/form-data; boundary=x",
        CONTENT_LENGTH=str(250 * 1024 * 1024),
        **{"wsgi.input": Unread()},
    )

    assert answer.status_code == 413
    assert "This is too much for one page" in answer.text
    assert StoredFile.objects.count() == 0


def test_a_length_that_is_no_number_is_refused(planner, activity):
    answer = planner.generic(
        "POST", url(activity), b"", content_type="text/plain", CONTENT_LENGTH="-1", **{"wsgi.input": Unread()}
    )
    assert answer.status_code == 413


def test_a_page_without_files_takes_none(client):
    answer = client.post(
        reverse("accounts:sign_in"), {"email": "a@x.example", "file": cases.given("talk.pdf", cases.PDF)}
    )
    assert answer.status_code == 400


def test_a_stranger_writes_nothing_to_the_disk_and_is_sent_to_sign_in(activity, monkeypatch):
    seen = []
    monkeypatch.setattr(uploads.StopAtLimit, "new_file", lambda *args, **kwargs: seen.append(args))
    stranger = Client(enforce_csrf_checks=True)
    token = stranger.get(reverse("accounts:sign_in")).context["csrf_token"]

    answer = add(stranger, activity, cases.given("talk.pdf", cases.PDF), csrfmiddlewaretoken=str(token))

    assert (answer.status_code, answer.url.startswith(reverse("accounts:sign_in")), seen) == (302, True, [])


def test_without_a_file_a_page_without_files_takes_the_form(client):
    """Some browsers send every form as multipart."""
    answer = client.post(reverse("accounts:sign_in"), {"email": "nowhere"})
    assert answer.status_code == 200
    assert "email" in answer.context["form"].errors


def test_the_row_of_a_file_is_not_rewritten(planner, activity):
    row = StoredFileFactory()
    with pytest.raises(InternalError), transaction.atomic():
        StoredFile.objects.filter(pk=row.pk).update(name="other.pdf")
    with pytest.raises(InternalError), transaction.atomic():
        StoredFile.objects.filter(pk=row.pk).delete()


def test_what_a_rollback_leaves_is_swept(school, monkeypatch):
    kept = StoredFileFactory(key=storages["private"].save("uploads/2026/11/20/kept", io.BytesIO(b"x")))
    lost = storages["private"].save("uploads/2026/11/20/lost", io.BytesIO(b"x"))
    young = storages["private"].save("uploads/2026/11/21/young", io.BytesIO(b"x"))
    monkeypatch.setattr(clock, "now", lambda: kept.created_at.replace(year=2026, month=11, day=21, hour=12))

    assert uploads.sweep() == 1
    assert [storages["private"].exists(key) for key in (kept.key, lost, young)] == [True, False, True]


def test_the_office_takes_a_file_down(planner, activity, school):
    add(planner, activity, cases.given("talk.pdf", cases.PDF))
    handout = Handout.objects.get()
    staff = actor_of(school.staff)
    with pytest.raises(NotAllowed):
        uploads.take_down(file_id=handout.file_id, reason="A patient’s face", by=school.by)
    with pytest.raises(Invalid):
        uploads.take_down(file_id=handout.file_id, reason=" ", by=staff)
    assert fetch(planner, handout).status_code == 200

    uploads.take_down(file_id=handout.file_id, reason="A patient’s face", by=staff)

    answer = fetch(planner, handout)
    assert (answer.status_code, "This file was taken down" in answer.text) == (410, True)
    assert AuditEvent.objects.get(event="file_taken_down").reason == "A patient’s face"
    with pytest.raises(Conflict):
        uploads.take_down(file_id=handout.file_id, reason="again", by=staff)


def test_the_office_takes_a_file_down_on_its_page(client, school):
    row = StoredFileFactory()
    client.force_login(school.staff)
    page = client.get(reverse("admin:common_storedfile_change", args=[row.pk]))
    assert page.status_code == 200
    address = reverse("admin:common_storedfile_take_down", args=[row.pk])

    answer = client.post(address, {"reason": "A patient’s face"})

    assert answer.status_code == 302
    row.refresh_from_db()
    assert (row.removed_by, row.removed_reason) == (str(school.staff.person), "A patient’s face")


def test_a_restored_backup_without_the_bytes_says_so(planner, activity):
    add(planner, activity, cases.given("talk.pdf", cases.PDF))
    handout = Handout.objects.get()
    storages["private"].delete(handout.file.key)
    answer = fetch(planner, handout)
    assert (answer.status_code, "This file is not here now" in answer.text) == (410, True)


def test_a_user_without_a_part_in_it_finds_no_file(activity, planner):
    add(planner, activity, cases.given("talk.pdf", cases.PDF))
    stranger = Client()
    stranger.force_login(UserFactory())
    assert fetch(stranger, Handout.objects.get()).status_code == 404
