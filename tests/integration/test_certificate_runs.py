"""Work over many certificates: a person sees how many and confirms; it goes on after a stop; nobody gets anything twice."""

import datetime as dt
import io
import zipfile
from pathlib import Path

import pypdf
import pytest
from django.core.files.storage import storages
from django.db import transaction
from django.urls import reverse

from accounts.actors import actor_of
from common import clock, jobs, pdf, signing
from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent, Job, OutboxMessage
from credits.domain import certificates, claims, runs
from credits.enums import RunKind
from credits.models import Certificate, CertificateRun, CertificateRunItem
from tests.factories import UserFactory
from tests.integration.certificate_cases import hall, office, signing_key
from tests.integration.claim_cases import BY

pytestmark = pytest.mark.django_db(transaction=True)


def mails(template="certificate_ready"):
    return OutboxMessage.objects.filter(template=template).count()


def ask(kind, activity, **values):
    by = values.pop("by", None) or office()
    again = values.pop("again", False)
    return runs.ask(kind=kind, chosen=runs.Chosen(activity, **values), again=again, by=by)


def done(run, by=None):
    runs.confirm(run_id=run.pk, total=run.total, by=by or office())
    run.refresh_from_db()
    return run


# --- make ------------------------------------------------------------------------------------------------------


def test_certificates_on_request_are_made_and_nobody_is_mailed():
    activity, made = hall(3, on_request=True)
    run = ask(RunKind.MAKE, activity)
    assert (run.status, run.total, Certificate.objects.filter(status="issued").count(), mails()) == ("draft", 3, 0, 0)
    run = done(run)
    assert (run.status, run.done, run.skipped, run.failed) == ("done", 3, 0, 0)
    assert Certificate.objects.filter(status="issued", claim__in=made).count() == 3
    assert (mails(), mails("certificate_run_done")) == (0, 1)  # only who asked for it is told


def test_a_claim_that_never_had_a_certificate_gets_one():
    activity, made = hall(2)
    with transaction.atomic():
        from tests.integration.certificate_cases import _quiet_claim

        person = made[0].person
        claims_before = Certificate.objects.count()
        bare = _quiet_claim(
            type(person).objects.create(family_name="Bare", created_at=clock.now()),
            activity,
            made[0].lines.get().session,
        )
    run = done(ask(RunKind.MAKE, activity))
    assert (run.total, run.done, Certificate.objects.count()) == (1, 1, claims_before + 1)
    assert bare.certificates.get().status == "issued"


def test_a_revoked_certificate_is_never_made_again_by_itself():
    activity, made = hall(2)
    row = made[0].certificates.get()
    certificates.revoke(certificate_id=row.pk, reason="Error.", by=office())
    with pytest.raises(Invalid, match="made already"):
        ask(RunKind.MAKE, activity)
    run = done(ask(RunKind.ZIP, activity))
    assert (run.total, run.done, Certificate.objects.count()) == (1, 1, 2)


def test_who_waits_for_the_mail_of_a_claim_still_gets_it(settings, monkeypatch):
    """The claim's own job failed once; a run makes the certificate before the next try."""
    settings.CELERY_TASK_EAGER_PROPAGATES = False
    real = pdf.render
    monkeypatch.setattr(pdf, "render", lambda *a, **k: 1 / 0)
    activity, _made = hall(1)
    monkeypatch.setattr(pdf, "render", real)
    assert (Certificate.objects.get().status, mails()) == ("preparing", 0)
    done(ask(RunKind.MAKE, activity))
    assert (Certificate.objects.get().status, mails()) == ("issued", 1)
    certificates.render(Certificate.objects.get().pk)
    assert mails() == 1


def test_one_that_cannot_be_made_is_named_and_the_others_go_on(monkeypatch):
    activity, made = hall(3, on_request=True)
    odd = made[1].certificates.get()
    real = certificates.make

    def make(row, signer=None):
        if row.pk == odd.pk:
            raise ValueError("odd")
        return real(row, signer)

    monkeypatch.setattr(certificates, "make", make)
    run = done(ask(RunKind.MAKE, activity))
    assert (run.status, run.done, run.failed) == ("done", 2, 1)
    assert run.items.get(status="failed").note == "It could not be made: ValueError."
    monkeypatch.setattr(certificates, "make", real)
    runs.resume(run_id=run.pk, by=office())
    run.refresh_from_db()
    assert (run.status, run.done, run.failed) == ("done", 3, 0)


# --- files -----------------------------------------------------------------------------------------------------


def read(run):
    with storages["private"].open(run.file_key) as stored:
        return stored.read()


def test_a_zip_has_every_signed_file_and_a_list(settings, tmp_path):
    leaf = signing_key(settings, tmp_path)
    activity, made = hall(3, on_request=True)
    run = done(ask(RunKind.ZIP, activity))
    assert (run.status, run.done, run.file_name) == ("done", 3, f"certificates-{activity.number}.zip")
    with zipfile.ZipFile(io.BytesIO(read(run))) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        files = {n: archive.read(n) for n in names if n.endswith(".pdf")}
        listed = archive.read("certificates.csv").decode("utf-8-sig").splitlines()
    rows = Certificate.objects.filter(claim__in=made).select_related("file", "claim__person")
    assert sorted(files.values()) == sorted(bytes(r.file.content) for r in rows)
    assert {r.signed_with for r in rows} == {leaf.fingerprint(leaf.signature_hash_algorithm).hex()}
    assert (len(files), len(listed)) == (3, 4)
    assert all(r.code in "".join(names) and r.sha256 in "\n".join(listed) for r in rows)


def test_one_pdf_has_a_page_and_a_bookmark_for_each():
    activity, _made = hall(3)
    run = done(ask(RunKind.PDF, activity))
    found = pypdf.PdfReader(io.BytesIO(read(run)))
    assert (len(found.pages), len(found.outline)) == (3, 3)
    assert run.file_size == len(read(run))


def test_names_in_a_zip_are_plain_file_names():
    activity, made = hall(1)
    person = made[0].person
    person.family_name, person.given_name = "../../etc/pass:wd\u202e", "=A*B?"
    person.save(update_fields=["family_name", "given_name"])
    run = done(ask(RunKind.ZIP, activity))
    with zipfile.ZipFile(io.BytesIO(read(run))) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".pdf"))
    assert name == f"etc pass wd, =A B {made[0].certificates.get().code}.pdf"


def test_a_file_is_kept_for_some_days_and_swept(tmp_path, settings):
    settings.STORAGES = {
        **settings.STORAGES,
        "private": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(tmp_path)}},
    }
    activity, _made = hall(1)
    run, waiting = done(ask(RunKind.ZIP, activity)), ask(RunKind.ZIP, activity)
    kept = Path(storages["private"].path(run.file_key))
    assert (kept.exists(), runs.sweep()) == (True, 0)
    CertificateRun.objects.filter(pk=run.pk).update(file_until=clock.now() - dt.timedelta(minutes=1))
    CertificateRun.objects.filter(pk=waiting.pk).update(asked_at=clock.now() - dt.timedelta(days=3))
    assert runs.sweep() == 2
    run.refresh_from_db()
    assert (kept.exists(), run.file_key, run.status) == (False, "", "done")
    assert not CertificateRun.objects.filter(pk=waiting.pk).exists()
    assert Certificate.objects.filter(status="issued").count() == 1


# --- mail ------------------------------------------------------------------------------------------------------


def test_mail_goes_to_each_once_and_only_after_confirmation():
    activity, _made = hall(3, on_request=True)
    run = ask(RunKind.MAIL, activity)
    assert (run.total, mails()) == (3, 0)
    run = done(run)
    assert (run.status, run.done, mails()) == ("done", 3, 3)
    with pytest.raises(Invalid, match="has had the e-mail"):
        ask(RunKind.MAIL, activity)
    more = done(ask(RunKind.MAIL, activity, again=True))
    assert (more.done, mails()) == (3, 6)
    runs.work(more.pk)
    assert mails() == 6


def test_who_has_no_proved_address_is_counted_and_left_out():
    activity, made = hall(2)
    made[0].person.addresses.update(verified_at=None)
    run = ask(RunKind.MAIL, activity, again=True)
    assert (runs.count(run).total, runs.count(run).without_address, runs.count(run).letters) == (2, 1, 1)
    before = mails()
    run = done(run)
    assert (run.done, run.skipped, mails() - before) == (1, 1, 1)
    assert run.items.get(status="skipped").note == "No proved e-mail address."


def test_a_claim_withdrawn_after_the_list_was_made_is_left_out():
    activity, made = hall(2)
    run = ask(RunKind.MAIL, activity, again=True)
    claims.void(claim_id=made[0].pk, reason="Was not there.", by=BY)
    before = OutboxMessage.objects.filter(
        template="certificate_ready", subject__startswith="Your certificate is ready"
    ).count()
    run = done(run)
    assert (run.done, run.skipped) == (1, 1)
    assert (
        OutboxMessage.objects.filter(
            template="certificate_ready", subject__startswith="Your certificate is ready"
        ).count()
        == before + 1
    )


# --- confirming, stopping, going on ------------------------------------------------------------------------------


def test_a_run_begins_once_and_only_with_the_number_that_was_seen():
    activity, _made = hall(2, on_request=True)
    run = ask(RunKind.MAKE, activity)
    with pytest.raises(Conflict, match="another than the one you saw"):
        runs.confirm(run_id=run.pk, total=1, by=office())
    assert Certificate.objects.filter(status="issued").count() == 0
    done(run)
    with pytest.raises(Conflict, match="begun already"):
        runs.confirm(run_id=run.pk, total=2, by=office())
    assert AuditEvent.objects.filter(event="certificates_in_bulk").count() == 1


def test_a_stopped_run_goes_on_where_it_was(monkeypatch):
    activity, _made = hall(4, on_request=True)
    monkeypatch.setattr(runs, "BATCH", 2)
    run = ask(RunKind.MAKE, activity)
    real = runs._batch

    def one_batch(row, items, signer):
        real(row, items, signer)
        runs.stop(run_id=row.pk, by=BY)
        monkeypatch.setattr(runs, "SLICE", -1)

    monkeypatch.setattr(runs, "_batch", one_batch)
    monkeypatch.setattr(runs, "SLICE", 0.0001)
    run = done(run)
    assert (run.status, run.done, run.left) == ("stopped", 2, 2)
    monkeypatch.setattr(runs, "_batch", real)
    monkeypatch.setattr(runs, "SLICE", 5)
    runs.resume(run_id=run.pk, by=office())
    run.refresh_from_db()
    assert (run.status, run.done, Certificate.objects.filter(status="issued").count()) == ("done", 4, 4)
    with pytest.raises(Conflict, match="over already"):
        runs.stop(run_id=run.pk, by=office())


def test_a_slice_that_is_killed_half_way_is_done_again_without_harm(monkeypatch):
    activity, _made = hall(3, on_request=True)
    run = ask(RunKind.MAIL, activity)
    monkeypatch.setattr(jobs, "later", lambda *a, **k: None)
    runs.confirm(run_id=run.pk, total=3, by=office())

    class Killed(BaseException):
        pass

    real = certificates.make
    made = []

    def make(row, signer=None):
        if len(made) == 2:
            raise Killed
        made.append(row)
        return real(row, signer)

    monkeypatch.setattr(certificates, "make", make)
    with pytest.raises(Killed):
        runs.work(run.pk)
    assert (Certificate.objects.filter(status="issued").count(), mails()) == (0, 0)
    monkeypatch.setattr(certificates, "make", real)
    runs.work(run.pk)
    runs.work(run.pk)
    run.refresh_from_db()
    assert (run.done, Certificate.objects.filter(status="issued").count(), mails()) == (3, 3, 3)


def test_while_the_engine_is_missing_it_waits_and_says_so(monkeypatch, settings):
    settings.CELERY_TASK_EAGER_PROPAGATES = False
    activity, _made = hall(1, on_request=True)

    def missing(*args, **kwargs):
        raise pdf.PdfUnavailable("Install Pango.")

    monkeypatch.setattr(pdf, "render", missing)
    run = done(ask(RunKind.MAKE, activity))
    assert (run.status, run.done) == ("running", 0)
    assert runs.trouble(run) == "It waits and tries again by itself. Install Pango."
    Job.objects.filter(name="credits.tasks.work_on_certificates").update(state="failed")
    assert "an error that did not go away" in runs.trouble(run)
    monkeypatch.undo()
    settings.CELERY_TASK_EAGER_PROPAGATES = True
    runs.resume(run_id=run.pk, by=office())
    run.refresh_from_db()
    assert run.status == "done"


def test_there_is_an_end_to_one_run(monkeypatch):
    activity, _made = hall(3)
    monkeypatch.setattr(runs, "MOST", 2)
    with pytest.raises(Invalid, match="more than 2 certificates"):
        ask(RunKind.ZIP, activity)
    assert CertificateRun.objects.count() == 0


def test_sessions_and_days_narrow_the_list():
    activity, made = hall(2)
    day = made[0].participated_on
    session = made[0].lines.get().session
    assert runs.claims_of(runs.Chosen(activity, (session.pk,))).count() == 2
    assert runs.claims_of(runs.Chosen(activity, (session.pk + 999,))).count() == 0
    assert runs.claims_of(runs.Chosen(None, (), day, day)).count() == 2
    assert runs.claims_of(runs.Chosen(None, (), day + dt.timedelta(days=1), None)).count() == 0
    assert runs.claims_of(runs.Chosen(activity, (), None, day - dt.timedelta(days=1))).count() == 0


def test_only_the_office_works_on_all_activities_at_once():
    activity, made = hall(1)
    day = made[0].participated_on
    with pytest.raises(NotAllowed):
        runs.ask(kind="zip", chosen=runs.Chosen(None, (), day, day), by=office("reviewer"))
    assert CertificateRun.objects.count() == 0
    assert activity.pk


def test_who_asked_hears_when_it_is_done():
    activity, _made = hall(1)
    user = UserFactory(roles=["staff"])
    from accounts.actors import actor_of

    done(ask(RunKind.ZIP, activity, by=actor_of(user)))
    sent = OutboxMessage.objects.get(template="certificate_run_done")
    assert (sent.to, "The file waits for you for 7 days." in sent.text) == (user.email, True)


# --- pages -----------------------------------------------------------------------------------------------------


def of(activity):
    return reverse("credits:certificate_runs_of", args=[activity.number])


def test_from_choosing_to_the_download(client, settings, tmp_path):
    signing_key(settings, tmp_path)
    activity, made = hall(2, on_request=True)
    client.force_login(UserFactory(roles=["staff"]))
    assert (
        "Nothing is made, sent or downloaded before you confirm the next page."
        in client.get(of(activity)).content.decode()
    )
    url = client.post(of(activity), {"kind": "zip"}).url
    page = client.get(url).content.decode()
    assert "Put 2 certificates into one file?" in page
    assert Certificate.objects.filter(status="issued").count() == 0
    client.post(url, {"verb": "confirm", "total": "2"})
    shown = client.get(url).content.decode()
    assert "Download" in shown
    answer = client.get(f"{url}file/")
    content = b"".join(answer.streaming_content)
    assert (answer["Content-Type"], content[:2]) == ("application/zip", b"PK")
    assert len(made) == 2


def test_what_was_done_lately_stands_beside_the_form_but_not_what_learners_take_for_themselves(client):
    activity, made = hall(1, on_request=True)
    CertificateRun.objects.filter(pk=done(ask(RunKind.MAKE, activity)).pk).update(chosen={"titles": []})
    learner = actor_of(UserFactory(person=made[0].person))
    own = runs.ask(kind=RunKind.ZIP, chosen=runs.Chosen(own=(made[0].pk,)), by=learner)
    runs.confirm(run_id=own.pk, total=1, by=learner)
    client.force_login(UserFactory(roles=["staff"]))
    for url in (of(activity), reverse("credits:certificate_runs")):
        page = client.get(url)
        assert [run.kind for run in page.context["recent"]] == [RunKind.MAKE]
        assert "Nothing yet." not in page.content.decode()


def test_the_word_at_the_title_follows_while_the_page_asks_again(client):
    activity, _made = hall(1, on_request=True)
    run = done(ask(RunKind.MAKE, activity))
    client.force_login(UserFactory(roles=["staff"]))
    url = reverse("credits:certificate_run", args=[run.pk])
    polled = client.get(url, headers={"HX-Request": "true"}).content.decode()
    whole = client.get(url).content.decode()
    assert (polled.count('id="run-standing" hx-swap-oob="true"'), whole.count('id="run-standing"')) == (1, 1)
    assert "hx-swap-oob" not in whole
    assert "Done" in polled.partition('id="run-standing"')[2]


def test_the_mail_page_shows_how_many_and_the_first_of_them(client):
    activity, made = hall(2, on_request=True)
    client.force_login(UserFactory(roles=["staff"]))
    url = client.post(of(activity), {"kind": "mail"}).url
    page = " ".join(client.get(url).content.decode().split())
    for piece in ("E-mail 2 people?", "Send 2 e-mails", "Your certificate is ready:", made[0].person.full_name):
        assert piece in page
    assert mails() == 0
    client.post(url, {"verb": "stop"})
    assert (CertificateRun.objects.get().status, mails()) == ("stopped", 0)


def test_nothing_to_do_is_a_sentence_at_the_form(client):
    activity, _made = hall(1)
    client.force_login(UserFactory(roles=["staff"]))
    assert "Every certificate there is made already." in client.post(of(activity), {"kind": "make"}).content.decode()
    assert "Choose what to do." in client.post(of(activity), {}).content.decode()
    wrong = client.post(of(activity), {"kind": "zip", "since": "2026-02-01", "until": "2026-01-01"}).content.decode()
    assert "The last day comes before the first day." in wrong
    assert (CertificateRun.objects.count(), CertificateRunItem.objects.count()) == (0, 0)


def test_the_office_chooses_by_day_over_all_activities(client):
    _activity, made = hall(2)
    client.force_login(UserFactory(roles=["staff"]))
    page = reverse("credits:certificate_runs")
    assert "Choose a day." in client.post(page, {"kind": "zip"}).content.decode()
    day = made[0].participated_on.isoformat()
    url = client.post(page, {"kind": "zip", "since": day, "until": day}).url
    assert "Put 2 certificates into one file?" in client.get(url).content.decode()


def test_a_coordinator_works_on_their_own_activity_and_on_no_other(client):
    from accounts.models import DepartmentMember

    activity, made = hall(1)
    coordinator, stranger = UserFactory(), UserFactory()
    DepartmentMember.objects.create(department=activity.department, person=coordinator.person, added_at=clock.now())
    client.force_login(coordinator)
    url = client.post(of(activity), {"kind": "zip"}).url
    client.post(url, {"verb": "confirm", "total": "1"})
    assert b"".join(client.get(f"{url}file/").streaming_content).startswith(b"PK")
    assert client.get(reverse("credits:certificate_runs")).status_code == 403
    client.force_login(stranger)
    for closed in (of(activity), url, f"{url}file/"):
        assert client.get(closed).status_code == 404
    client.force_login(UserFactory(person=made[0].person))
    assert client.get(url).status_code == 404


def test_a_file_that_is_gone_says_how_to_get_it_again(client):
    activity, _made = hall(1)
    run = done(ask(RunKind.ZIP, activity))
    CertificateRun.objects.filter(pk=run.pk).update(file_key="")
    client.force_login(UserFactory(roles=["staff"]))
    gone = client.get(reverse("credits:certificate_run_file", args=[run.pk]))
    assert gone.status_code == 410
    assert "Make it again; the certificates stay." in gone.content.decode()
    assert signing.status().state in {"off", "ok"}


def test_the_pages_cost_the_same_however_many_there_are(client, settings):
    settings.MOVABLE_CLOCK = False  # its offset is read once a second
    costs = []
    client.force_login(UserFactory(roles=["staff"]))
    for people in (1, 3):
        activity, _made = hall(people)
        url = client.post(of(activity), {"kind": "mail"} | {"again": "on"}).url
        client.get(of(activity))
        client.get(url)
        draft = _queries(client, url)
        client.post(url, {"verb": "confirm", "total": str(people)})
        costs.append((draft, _queries(client, url), _queries(client, of(activity))))
    assert costs[0] == costs[1]


def _queries(client, url):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as found:
        client.get(url)
    return len(found.captured_queries)
