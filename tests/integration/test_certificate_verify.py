"""The public page of a code: what it says, all versions in neutral words, and whether a file is unchanged."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from common.models import StoredFile
from credits.domain import certificates, verification
from credits.views import verify as views
from tests.integration.certificate_cases import certificate, office

pytestmark = pytest.mark.django_db(transaction=True)


def url(row):
    return reverse("credits:verify_code", args=[row.code])


def said(client, row):
    return " ".join(client.get(url(row)).content.decode().split())


def file(content, name="certificate.pdf"):
    return {"file": SimpleUploadedFile(name, content, "application/pdf")}


def test_a_certificate_that_stands_says_what_it_says(client):
    row = certificate()
    page = said(client, row)
    facts = row.snapshot["facts"]
    for piece in (
        "This certificate is genuine",
        "Valid",
        facts["name"],
        facts["title"],
        facts["dates"],
        row.code,
        "Version 1, issued",
        row.sha256,
    ):
        assert piece in page
    assert "Category 1" in page


def test_an_old_version_says_why_and_leads_to_the_current_one(client):
    old = certificate(family_name="Before")
    person = old.claim.person
    person.family_name = "After"
    person.save(update_fields=["family_name"])
    new = certificates.supersede(
        certificate_id=old.pk, why="name", reason="Divorced; do not tell anybody.", by=office()
    )
    page = said(client, old)
    assert "This certificate was superseded" in page
    assert "The name was corrected" in page
    assert f'href="{url(new)}"' in page
    assert "Divorced" not in page


def test_the_current_version_does_not_give_the_earlier_name_away(client):
    """The code of an earlier version opens a page with the earlier name; who holds the new one does not get it."""
    old = certificate(family_name="Before")
    person = old.claim.person
    person.family_name = "After"
    person.save(update_fields=["family_name"])
    new = certificates.supersede(certificate_id=old.pk, why="name", reason="New name.", by=office())
    page = said(client, new)
    assert "Version 1, issued" in page
    assert "Superseded" in page
    assert "Before" not in page
    assert old.code not in page


def test_the_whole_history_is_told_in_order(client):
    row, staff = certificate(), office()
    certificates.revoke(certificate_id=row.pk, why="error", reason="Oops.", by=staff)
    certificates.restore(certificate_id=row.pk, reason="No oops.", by=staff)
    new = certificates.supersede(certificate_id=row.pk, why="details", reason="Place.", by=staff)
    found = verification.find(row.code)
    assert [(v.number, v.status, [s.word for s in v.steps]) for v in found.versions] == [
        (2, "issued", []), (1, "superseded", ["Revoked", "Restored", "Superseded"]),
    ]  # fmt: skip
    assert [s.why for s in found.versions[1].steps] == [
        "It was issued in error", "It had been revoked in error", "Details of the activity were corrected",
    ]  # fmt: skip
    assert [(v.code, v.is_asked) for v in found.versions] == [(new.code, False), (row.code, True)]


@pytest.mark.parametrize("versions", [1, 4])
def test_the_history_costs_the_same_however_long_it_is(django_assert_num_queries, versions):
    row, staff = certificate(), office()
    for _n in range(versions - 1):
        row = certificates.supersede(certificate_id=row.pk, reason="Again.", by=staff)
    with django_assert_num_queries(4):
        assert len(verification.find(row.code).versions) == versions


def test_a_revoked_certificate_without_a_newer_one_says_so(client):
    row = certificate()
    certificates.revoke(certificate_id=row.pk, why="error", reason="Not there.", by=office())
    page = said(client, row)
    assert "This certificate was revoked" in page
    assert "It was issued in error" in page
    assert "It no longer documents credit." in page


# --- is this file unchanged? -------------------------------------------------------------------------------------


def test_the_very_file_is_unchanged(client):
    row = certificate()
    page = client.post(url(row), file(bytes(row.file.content))).content.decode()
    assert "This file is unchanged" in page
    assert "byte for byte" in page
    assert StoredFile.objects.count() == 0


def test_a_changed_byte_is_not_our_file(client):
    row = certificate()
    changed = bytearray(row.file.content)
    changed[len(changed) // 2] ^= 1
    page = client.post(url(row), file(bytes(changed))).content.decode()
    assert "This is not a file that we issued" in page
    assert "This file is unchanged" not in page


def test_the_file_of_another_version_is_told_apart(client):
    old = certificate()
    content = bytes(old.file.content)
    new = certificates.supersede(certificate_id=old.pk, reason="Name.", by=office())
    page = client.post(url(new), file(content)).content.decode()
    assert "but not the one on this page" in page
    assert f'href="{url(old)}"' in page


def test_a_file_is_found_without_its_code(client):
    row = certificate()
    page = client.post(reverse("credits:verify"), file(bytes(row.file.content))).content.decode()
    assert f'href="{url(row)}"' in page
    assert (
        "This is not a file that we issued"
        in client.post(reverse("credits:verify"), file(b"%PDF-1.7 no")).content.decode()
    )


def test_no_file_and_too_large_a_file_are_sentences(client, settings):
    row = certificate()
    assert "Choose the PDF first." in client.post(url(row)).content.decode()
    settings.UPLOAD_MAX_MB = 1
    assert "No file of ours is that large." in client.post(url(row), file(b"x" * 1_200_000)).content.decode()


def test_files_are_counted_per_device(client, monkeypatch):
    monkeypatch.setattr(views, "FILES_PER_MINUTE", 2)
    row = certificate()
    for _n in range(2):
        assert "not a file that we issued" in client.post(url(row), file(b"%PDF-1.7 no")).content.decode()
    third = client.post(url(row), file(bytes(row.file.content)), follow=True).content.decode()
    assert "Too many files from here in one minute." in third
    assert "This file is unchanged" not in third


def test_wrong_codes_are_counted_per_device(client, monkeypatch):
    monkeypatch.setattr(views, "WRONG_PER_MINUTE", 2)
    row = certificate()
    for _n in range(2):
        assert client.get(reverse("credits:verify_code", args=["LS-26-ZZZZ-ZZZZ-ZZZZ"])).status_code == 404
    assert client.get(url(row)).status_code == 409
