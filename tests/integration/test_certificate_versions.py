"""Certificates corrected, revoked, restored, issued anew: what stands, what is kept, who is told, what everybody may read."""

import hashlib

import pytest
from django.db import transaction
from django.urls import reverse

from accounts.models import NameChange
from common import clock, pdf
from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent, Job, OutboxMessage
from credits.domain import certificates, claims, reissues, verification
from credits.models import Certificate, CertificateEvent, CertificateFile
from tests.factories import UserFactory
from tests.integration.certificate_cases import certificate, office, signing_key
from tests.integration.claim_cases import BY
from tests.pdf.test_signing import status as signature_of

pytestmark = pytest.mark.django_db(transaction=True)


def subjects():
    return list(
        OutboxMessage.objects.filter(template="certificate_ready").order_by("pk").values_list("subject", flat=True)
    )


def state(row):
    row.refresh_from_db()
    return row.status


# --- supersede, revoke, restore, issue anew ------------------------------------------------------------------


def test_a_corrected_version_takes_over_and_the_old_bytes_stay():
    old = certificate()
    before = bytes(old.file.content)
    new = certificates.supersede(
        certificate_id=old.pk,
        why="name",
        reason="Her hyphen was missing.",
        note="Thank you for telling us.",
        by=office(),
    )
    assert (state(old), state(new), new.number) == ("superseded", "issued", 2)
    assert bytes(CertificateFile.objects.get(certificate=old).content) == before
    event = old.events.get()
    assert (event.act, event.why, event.reason, event.note) == (
        "superseded",
        "name",
        "Her hyphen was missing.",
        "Thank you for telling us.",
    )
    title = old.snapshot["facts"]["title"]
    assert subjects() == [f"Your certificate is ready: {title}", f"Your corrected certificate is ready: {title}"]
    sent = OutboxMessage.objects.latest("pk")
    assert "The name was corrected." in sent.text
    assert "Thank you for telling us." in sent.text
    assert "hyphen" not in sent.text + sent.html


def test_a_revoked_certificate_comes_back_with_the_same_file():
    row = certificate()
    sha, staff = row.sha256, office()
    certificates.revoke(certificate_id=row.pk, why="error", reason="Wrong person.", by=staff)
    assert state(row) == "revoked"
    assert verification.find(row.code).why == "It was issued in error"
    certificates.restore(certificate_id=row.pk, reason="It was the right person after all.", by=staff)
    row.refresh_from_db()
    assert (row.status, row.sha256, row.ended_at, row.ended_by, row.end_why, row.end_reason) == (
        "issued",
        sha,
        None,
        "",
        "",
        "",
    )
    assert list(row.events.values_list("act", "why")) == [("revoked", "error"), ("restored", "restored")]
    assert [s.split(":")[0] for s in subjects()] == [
        "Your certificate is ready", "Your certificate was revoked", "Your certificate is valid again",
    ]  # fmt: skip
    assert hashlib.sha256(bytes(row.file.content)).hexdigest() == sha


def test_after_a_revocation_a_new_version_leads_on():
    row, staff = certificate(), office()
    certificates.revoke(certificate_id=row.pk, reason="Wrong date printed.", by=staff)
    new = certificates.reissue(certificate_id=row.pk, why="details", reason="With the right date.", by=staff)
    assert (state(row), state(new), new.number, new.supersedes_id) == ("revoked", "issued", 2, row.pk)
    found = verification.find(row.code)
    assert (found.stands, found.replacement) == (False, new)
    with pytest.raises(Conflict, match="newer version"):
        certificates.restore(certificate_id=row.pk, reason="Back.", by=staff)
    with pytest.raises(Conflict, match="newer version"):
        certificates.reissue(certificate_id=row.pk, reason="Twice.", by=staff)
    assert Certificate.objects.count() == 2


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (certificates.restore, "Only a revoked certificate"),
        (certificates.reissue, "has a newer version already"),
    ],
)
def test_a_certificate_that_stands_is_neither_restored_nor_issued_beside_itself(act, sentence):
    row = certificate()
    with pytest.raises(Conflict, match=sentence):
        act(certificate_id=row.pk, reason="Why not.", by=office())
    assert (Certificate.objects.count(), CertificateEvent.objects.count(), state(row)) == (1, 0, "issued")


@pytest.mark.parametrize(
    "act", [certificates.supersede, certificates.revoke, certificates.restore, certificates.reissue]
)
def test_every_correction_needs_the_office_and_a_reason(act):
    row = certificate()
    before = (AuditEvent.objects.count(), OutboxMessage.objects.count())
    with pytest.raises(NotAllowed):
        act(certificate_id=row.pk, reason="I say so.", by=office("reviewer"))
    with pytest.raises(Invalid):
        act(certificate_id=row.pk, reason="  ", by=office())
    assert (AuditEvent.objects.count(), OutboxMessage.objects.count(), state(row)) == (*before, "issued")


@pytest.mark.parametrize("act", [certificates.supersede, certificates.revoke])
def test_a_replaced_certificate_is_not_corrected_again(act):
    row, staff = certificate(), office()
    certificates.supersede(certificate_id=row.pk, reason="First.", by=staff)
    with pytest.raises(Conflict, match="replaced or revoked already"):
        act(certificate_id=row.pk, reason="Second.", by=staff)


def test_nothing_comes_back_over_a_withdrawn_claim():
    row, staff = certificate(), office()
    claims.void(claim_id=row.claim_id, reason="Was not there.", by=staff)
    assert (state(row), row.end_why, row.events.get().why) == ("revoked", "withdrawn", "withdrawn")
    for act in (certificates.restore, certificates.reissue):
        with pytest.raises(Conflict, match="claim behind this certificate was withdrawn"):
            act(certificate_id=row.pk, reason="Back.", by=staff)
    assert Certificate.objects.count() == 1


def test_the_steps_for_other_domain_functions_ask_for_an_open_transaction():
    row = certificate()
    for step in (certificates._supersede, certificates._revoke):
        with pytest.raises(RuntimeError, match="open transaction"):
            step(row, why="credit", reason="Adjusted.", by=BY)
    with pytest.raises(RuntimeError, match="open transaction"):
        certificates._restore(row, reason="Back.", by=BY)
    assert state(row) == "issued"


def test_a_corrected_claim_hands_its_certificate_to_the_claim_that_takes_its_place():
    """For adjusting: the chain goes on over two claims, and the learner reads one e-mail."""
    first, other = certificate(), certificate()
    with transaction.atomic():
        live = certificates._live_of(first.claim)
        certificates._end(other, "revoked", "revoked", "error", "Only to free the claim.", "", BY)
        new = certificates._supersede(live, why="credit", reason="Minutes were corrected.", by=BY, claim=other.claim)
    assert (new.claim_id, new.number, new.supersedes_id) == (other.claim_id, 2, first.pk)
    assert verification.find(first.code).replacement == new


def test_the_database_refuses_two_certificates_that_stand_for_one_claim():
    from django.db import IntegrityError

    row = certificate()
    certificates.revoke(certificate_id=row.pk, reason="Error.", by=office())
    certificates.reissue(certificate_id=row.pk, reason="Anew.", by=office())
    with pytest.raises(IntegrityError, match="certificate_one_live"):
        Certificate.objects.filter(pk=row.pk).update(
            status="issued", ended_at=None, ended_by="", end_why="", end_reason=""
        )


def test_what_became_of_a_certificate_is_never_rewritten():
    from django.db.utils import InternalError

    row = certificate()
    certificates.revoke(certificate_id=row.pk, reason="Error.", by=office())
    for change in (
        lambda: CertificateEvent.objects.update(reason="x"),
        lambda: CertificateEvent.objects.all().delete(),
    ):
        with pytest.raises(InternalError):
            change()


# --- signatures ----------------------------------------------------------------------------------------------


def test_the_stored_hash_is_that_of_the_signed_file(settings, tmp_path):
    leaf = signing_key(settings, tmp_path)
    row = certificate()
    content = bytes(row.file.content)
    assert row.sha256 == hashlib.sha256(content).hexdigest()
    assert row.signed_with == leaf.fingerprint(leaf.signature_hash_algorithm).hex()
    assert signature_of(content, leaf).bottom_line is True


@pytest.mark.parametrize("trouble", ["off", "gone", "expired"])
def test_without_a_usable_key_the_learner_gets_the_certificate_unsigned(settings, tmp_path, trouble):
    signing_key(settings, tmp_path, **({"since": -9, "until": -1} if trouble == "expired" else {}))
    if trouble != "expired":
        settings.SIGNING_KEY_FILE = "" if trouble == "off" else str(tmp_path / "nowhere.p12")
    row = certificate()
    assert (row.status, row.signed_with) == ("issued", "")
    assert b"/ByteRange" not in bytes(row.file.content)
    assert list(certificates.unsigned()) == [row]


def test_readyz_names_the_key_without_taking_the_portal_away(client, settings, tmp_path):
    signing_key(settings, tmp_path, since=-9, until=-1)
    parts = client.get("/readyz").json()["parts"]
    assert "expired on" in parts["signing"]
    settings.SIGNING_KEY_FILE = ""
    answer = client.get("/readyz").json()
    assert "SIGNING_KEY_FILE" in answer["parts"]["signing"]
    assert answer["ready"] == all(said == "ok" for name, said in answer["parts"].items() if name != "signing")


# --- what could not be made ------------------------------------------------------------------------------------


def broken(monkeypatch, settings):
    """A certificate whose job failed for good, and the way to mend what stood in its way."""
    settings.CELERY_TASK_EAGER_PROPAGATES = False
    real = pdf.render

    def fail(*args, **kwargs):
        raise ValueError("the engine stumbles")

    monkeypatch.setattr(pdf, "render", fail)
    row = certificate()
    Job.objects.filter(key=f"certificate:{row.pk}").update(state="failed", attempts=20)
    return row, lambda: monkeypatch.setattr(pdf, "render", real)


def test_a_certificate_that_cannot_be_made_is_seen_and_tried_again(monkeypatch, settings, client):
    row, mend = broken(monkeypatch, settings)
    assert [(r.pk, r.tries, r.given_up) for r in certificates.stuck()] == [(row.pk, 20, True)]
    client.force_login(
        row.claim.person.user if hasattr(row.claim.person, "user") else UserFactory(person=row.claim.person)
    )
    waiting = client.get(reverse("credits:claimed", args=[row.claim_id])).content.decode()
    assert "The certificate could not be made yet. The CME office sees this" in waiting
    assert "hx-get" not in waiting

    client.force_login(UserFactory(roles=["staff"]))
    home = client.get(reverse("certificate_desk:home")).content.decode()
    assert row.code in home
    assert "the engine stumbles" in home
    mend()
    client.post(reverse("certificate_desk:again"), {"certificate": [row.pk]})
    assert state(row) == "issued"
    assert list(certificates.stuck()) == []
    assert len(subjects()) == 1
    assert row.code not in client.get(reverse("certificate_desk:home")).content.decode()


def test_one_that_only_just_failed_once_is_nobodys_worry(monkeypatch, settings):
    row, _mend = broken(monkeypatch, settings)
    Job.objects.filter(key=f"certificate:{row.pk}").update(state="due", attempts=1)
    assert (list(certificates.stuck()), certificates.is_stuck(row)) == ([], False)


def test_only_the_office_tries_again():
    row = certificate()
    with pytest.raises(NotAllowed):
        certificates.repeat(certificate_ids=[row.pk], by=office("reviewer"))
    assert certificates.repeat(certificate_ids=[row.pk], by=office()) == 0


# --- pages of the office -----------------------------------------------------------------------------------------


def act(client, row, name, **data):
    return client.post(reverse(f"admin:credits_certificate_{name}", args=[row.pk]), data, follow=True)


def test_the_office_corrects_revokes_and_restores_on_pages(client):
    row = certificate()
    client.force_login(UserFactory(roles=["staff"]))
    silent = act(client, row, "supersede", reason="Name.")
    assert "Choose the words that stand on the verification page." in silent.content.decode()
    assert state(row) == "issued"
    act(client, row, "revoke", why="error", reason="Wrong person.", note="")
    assert state(row) == "revoked"
    act(client, row, "restore", reason="Right person.", note="")
    assert state(row) == "issued"
    act(client, row, "supersede", why="name", reason="Hyphen.", note="")
    assert (state(row), Certificate.objects.get(number=2).status) == ("superseded", "issued")
    shown = client.get(reverse("admin:credits_certificate_change", args=[row.pk])).content.decode()
    assert "Right person." in shown
    assert "Hyphen." in shown


@pytest.mark.parametrize(
    ("status", "offered"),
    [
        ("issued", {"supersede", "revoke", "open"}),
        ("revoked", {"restore", "reissue", "open"}),
        ("superseded", {"open"}),
    ],
)
def test_only_acts_that_make_sense_are_offered(client, status, offered):
    row = certificate()
    if status == "revoked":
        certificates.revoke(certificate_id=row.pk, reason="Error.", by=office())
    if status == "superseded":
        certificates.supersede(certificate_id=row.pk, reason="Name.", by=office())
    client.force_login(UserFactory(roles=["staff"]))
    shown = client.get(reverse("admin:credits_certificate_change", args=[row.pk])).content.decode()
    base = f"/admin/credits/certificate/{row.pk}/"
    assert {
        name for name in ("open", "supersede", "revoke", "restore", "reissue", "repeat") if f"{base}{name}" in shown
    } == offered


# --- a new name ------------------------------------------------------------------------------------------------


def changed_name(*, wants=True):
    """Somebody with two certificates who changed their name."""
    row = certificate(given_name="Elena", family_name="Marchetti")
    person = row.claim.person
    old = person.name_with_degrees
    person.family_name = "Marchetti-Lin"
    person.save(update_fields=["family_name"])
    change = NameChange.objects.create(
        person=person, old_name=old, new_name=person.name_with_degrees, reason="married name", changed_at=clock.now(), changed_by=old,
        wants_certificates=wants,
    )  # fmt: skip
    return row, person, change


def test_certificates_are_issued_in_the_new_name_with_one_mail():
    row, person, change = changed_name()
    assert [c.pk for c in reissues.request(change).certificates] == [row.pk]
    before = OutboxMessage.objects.count()
    assert reissues.answer(change_id=change.pk, certificate_ids=[row.pk], note="Congratulations.", by=office()) == 1
    new = Certificate.objects.get(supersedes=row)
    assert (state(row), row.end_why, new.status, new.snapshot["facts"]["name"]) == (
        "superseded",
        "name",
        "issued",
        person.name_with_degrees,
    )
    sent = list(OutboxMessage.objects.order_by("pk")[before:])
    assert [(m.template, m.to) for m in sent] == [("name_change_answered", f"person{person.pk}@lakeshore.example")]
    assert "Congratulations." in sent[0].text
    change.refresh_from_db()
    assert (change.note, list(reissues.asked())) == ("Congratulations.", [])
    with pytest.raises(Conflict, match="settled already"):
        reissues.answer(change_id=change.pk, certificate_ids=[], note="Again.", by=office())


def test_saying_no_issues_nothing_and_tells_why():
    row, _person, change = changed_name()
    assert (
        reissues.answer(change_id=change.pk, certificate_ids=[], note="Write to us with a document first.", by=office())
        == 0
    )
    assert (state(row), Certificate.objects.count()) == ("issued", 1)
    assert "Write to us with a document first." in OutboxMessage.objects.latest("pk").text


def test_somebody_elses_certificate_is_not_slipped_in():
    row, _person, change = changed_name()
    other = certificate()
    with pytest.raises(Conflict, match="somebody else"):
        reissues.answer(change_id=change.pk, certificate_ids=[row.pk, other.pk], note="All.", by=office())
    change.refresh_from_db()
    assert (state(row), state(other), change.settled_at, Certificate.objects.count()) == ("issued", "issued", None, 2)


def test_a_learner_who_asks_for_the_quiet_mail_gets_it():
    row, _person, change = changed_name()
    reissues.answer(change_id=change.pk, certificate_ids=[row.pk], note="Done.", by=office())
    new = Certificate.objects.get(supersedes=row)
    certificates.email_again(certificate_id=new.pk, by=BY)
    assert OutboxMessage.objects.latest("pk").template == "certificate_ready"


def test_the_office_answers_on_a_page(client):
    row, _person, change = changed_name()
    client.force_login(UserFactory(roles=["staff"]))
    assert "Marchetti-Lin" in client.get(reverse("certificate_desk:home")).content.decode()
    url = reverse("certificate_desk:name_change", args=[change.pk])
    silent = client.post(url, {"certificates": [row.pk], "note": ""}).content.decode()
    assert "Say what you decided, in a sentence; the learner reads it." in silent
    assert state(row) == "issued"
    assert client.post(url, {"certificates": [row.pk], "note": "Done."}).url == reverse("certificate_desk:home")
    assert state(row) == "superseded"
    assert client.get(url).status_code == 404


def test_nobody_else_sees_the_certificate_desk(client):
    for roles in ([], ["reviewer"], ["leadership"]):
        client.force_login(UserFactory(roles=roles))
        assert client.get(reverse("certificate_desk:home")).status_code == 403
