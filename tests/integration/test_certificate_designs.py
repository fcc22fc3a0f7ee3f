"""Versions of how certificates look: one draft, one in use; nothing that was issued changes."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from accounts.actors import actor_of
from accounts.models import Provider
from common import clock, pdf, pictures, typeset
from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent
from credits.documents import design, specimens
from credits.domain import certificates, designs
from credits.models import (
    Certificate,
    CertificateDrawing,
    CertificateFile,
    CertificateTemplate,
    Claim,
    ClaimLine,
)
from tests.factories import PersonFactory, ProviderFactory, UserFactory
from tests.factories.integrity import CompanyFactory
from tests.integration.certificate_cases import certificate, office
from tests.integration.transcript_cases import earn
from tests.pdf.reading import squeeze, text
from tests.unit.test_certificate_artwork import png

pytestmark = pytest.mark.django_db(transaction=True)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 30 10"><path d="M0 0h30v10H0z" fill="#0a5469"/></svg>'
EVIL = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 30 10"><script>alert(1)</script></svg>'


def in_use(**values):
    """A version put to use by the office."""
    staff = office()
    row = designs.start(by=staff)
    designs.change(template_id=row.pk, values=values, by=staff)
    row = CertificateTemplate.objects.get(pk=row.pk)
    return designs.put_to_use(template_id=row.pk, digest=design.digest(row), by=staff)


def test_without_a_version_the_portals_own_design_is_used():
    row = certificate()
    assert (row.template, row.template_version, designs.current()) == (None, "certificate/1", None)


def test_a_new_certificate_takes_the_version_in_use_and_keeps_it():
    first = in_use(accent="#6b1f2a", office_line="Questions: cme@lakeshore.example")
    row = certificate()
    assert (row.template, row.template_version, row.snapshot["design"]) == (first, "certificate/1+1", 1)
    content = bytes(row.file.content)
    assert squeeze("Questions: cme@lakeshore.example") in squeeze(text(content))

    second = in_use(accent="#123456", office_line="")
    assert (second.number, CertificateTemplate.objects.get(pk=first.pk).status) == (2, "retired")
    row.refresh_from_db()
    assert (row.template_id, bytes(CertificateFile.objects.get(certificate=row).content)) == (first.pk, content)
    plain = certificates.make(row)
    assert squeeze("Questions: cme@lakeshore.example") in squeeze(text(plain.content))
    assert certificate().template == second


def test_going_back_to_the_portals_own_design():
    row = in_use()
    designs.retire(template_id=row.pk, by=office())
    assert (designs.current(), certificate().template) == (None, None)
    with pytest.raises(Conflict, match="not in use"):
        designs.retire(template_id=row.pk, by=office())


@pytest.mark.parametrize("column", ["accent", "ink", "border", "head", "office_line", "digest", "number", "seal"])
def test_the_database_keeps_a_used_version_as_it_was(column):
    row = in_use()
    values = {"border": False, "head": "nothing", "number": 9, "seal": CertificateDrawing.objects.create(
        kind="seal", name="x", file_type="svg", content=SVG, sha256="0", width=1, height=1, added_at=row.created_at, added_by="x"
    )}  # fmt: skip
    with pytest.raises(DatabaseError, match="frozen"), transaction.atomic():
        CertificateTemplate.objects.filter(pk=row.pk).update(**{column: values.get(column, "#000000")})
    with pytest.raises(DatabaseError), transaction.atomic():
        CertificateTemplate.objects.filter(pk=row.pk).delete()
    with pytest.raises(DatabaseError), transaction.atomic():
        CertificateTemplate.objects.filter(pk=row.pk).update(status="draft")


def test_a_used_version_is_not_changed_by_the_office_either():
    row, staff = in_use(), office()
    for act in (
        lambda: designs.change(template_id=row.pk, values={"accent": "#000000"}, by=staff),
        lambda: designs.add_drawing(template_id=row.pk, kind="logo", name="l.svg", source=SVG, by=staff),
        lambda: designs.remove_drawing(template_id=row.pk, kind="logo", by=staff),
        lambda: designs.throw_away(template_id=row.pk, by=staff),
    ):
        with pytest.raises(Conflict, match="put to use"):
            act()
    assert CertificateDrawing.objects.count() == 0


def test_there_is_one_draft_and_it_can_be_like_any_version():
    first, staff = in_use(accent="#6b1f2a"), office()
    in_use(accent="#123456")
    row = designs.start(like=first.pk, by=staff)
    assert (row.number, row.accent, row.status) == (3, "#6b1f2a", "draft")
    with pytest.raises(Conflict, match="draft already"):
        designs.start(by=staff)
    designs.throw_away(template_id=row.pk, by=staff)
    assert designs.start(by=staff).accent == "#123456"


@pytest.mark.parametrize(("name", "color"), [("accent", "#7fb0bf"), ("ink", "#999999"), ("ink", "#ffffff")])
def test_a_color_that_cannot_be_read_on_paper_is_refused(name, color):
    """WCAG 1.4.3."""
    staff = office()
    row = designs.start(by=staff)
    with pytest.raises(Invalid, match=r"at least 4\.5 is needed"):
        designs.change(template_id=row.pk, values={name: color}, by=staff)
    row.refresh_from_db()
    assert getattr(row, name) != color


def test_a_draft_changed_meanwhile_is_not_put_to_use_unseen():
    staff = office()
    row = designs.start(by=staff)
    seen = design.digest(row)
    designs.change(template_id=row.pk, values={"border": False}, by=staff)
    with pytest.raises(Conflict, match="changed meanwhile"):
        designs.put_to_use(template_id=row.pk, digest=seen, by=staff)
    assert designs.current() is None


@pytest.mark.parametrize("kind", ["seal", "logo", "signature"])
@pytest.mark.parametrize("source", [SVG, png(60, 20)], ids=["svg", "png"])
def test_a_picture_is_cleaned_kept_and_printed(kind, source):
    ProviderFactory()
    staff = office()
    row = designs.start(by=staff)
    designs.change(template_id=row.pk, values={"head": "logo_seal"}, by=staff)
    row = designs.add_drawing(template_id=row.pk, kind=kind, name="x.svg", source=source, by=staff)
    kept = getattr(row, kind)
    assert kept.signer_name == (Provider.current().signer_name if kind == "signature" else "")
    row = CertificateTemplate.objects.get(pk=row.pk)
    made = pdf.render(
        "pdf/certificate.html", design.context(design.frozen(specimens.specimen("longest"), row), row), title="x", look=design.look(row)
    )  # fmt: skip
    assert made.startswith(b"%PDF")


@pytest.mark.parametrize("source", [EVIL, b"MZ\x90", b"%PDF-1.7", b""])
def test_what_is_no_harmless_picture_writes_nothing(source):
    staff = office()
    row = designs.start(by=staff)
    before = AuditEvent.objects.count()
    with pytest.raises(Invalid):
        designs.add_drawing(template_id=row.pk, kind="seal", name="x.svg", source=source, by=staff)
    row.refresh_from_db()
    assert (CertificateDrawing.objects.count(), row.seal, AuditEvent.objects.count()) == (0, None, before)


def test_the_signature_of_a_former_officer_is_left_out():
    provider = ProviderFactory()
    staff = office()
    row = designs.start(by=staff)
    designs.add_drawing(template_id=row.pk, kind="signature", name="s.png", source=png(60, 20), by=staff)
    row = CertificateTemplate.objects.get(pk=row.pk)
    designs.put_to_use(template_id=row.pk, digest=design.digest(row), by=staff)
    assert certificate().snapshot["signature"] == pdf.LOOK
    provider.signer_name, provider.signature = "Ana Ortiz, MD", ""
    provider.save()
    later = certificate()
    assert "signature" not in later.snapshot
    draft = designs.start(by=staff)
    assert "is left out while Ana Ortiz, MD signs" in designs.problems(CertificateTemplate.objects.get(pk=draft.pk))[0]


@pytest.mark.parametrize("kind", list(specimens.KINDS))
def test_specimens_are_made_before_there_is_anything_on_record(kind):
    ProviderFactory()
    content = specimens.specimen(kind)
    names = [p["runs"][0]["text"] for p in content["sentence"] if p["kind"] in {"name", "title"}]
    assert all(names)
    if kind == "letters":
        assert [len(n) > 190 for n in names] == [True, True]


def test_specimens_show_the_longest_and_the_shortest_on_record():
    certificate(given_name="Li", family_name="Wu", degrees="MD")
    certificate(given_name="Maximiliana", family_name="Featherstonehaugh von Hohenzollern", degrees="MD, PhD")

    def name(kind):
        return next(p["runs"][0]["text"] for p in specimens.specimen(kind)["sentence"] if p["kind"] == "name")

    assert (name("shortest"), name("longest")) == (
        "Li Wu, MD",
        "Maximiliana Featherstonehaugh von Hohenzollern, MD, PhD",
    )


def words(content, kind):
    return ["".join(run["text"] for run in p["runs"]) for p in content["sentence"] if p["kind"] == kind]


def test_a_specimen_has_the_most_types_on_record_and_nobodys_name():
    """AMA-CERT-4: a line for each type."""
    ProviderFactory()
    earn(PersonFactory(family_name="Somebody-Else"), clock.now().date(), title="One type")
    earn(PersonFactory(family_name="Somebody-Else"), clock.now().date(), title="Three types", also=[("moc_abim", {}), ("acpe", {"uan": "1234-0000"})])  # fmt: skip
    content = specimens.specimen("types")
    assert (words(content, "title"), words(content, "credit")) == (
        ["Three types"],
        ["1.00 AMA PRA Category 1 Credit,", "1.00 pharmacy contact hour, UAN 1234-0000,", "1.00 ABIM MOC point."],
    )
    assert words(content, "name") == ["Maximiliana-Konstantina Wilhelmina Featherstonehaugh von Hohenzollern, MD, PhD"]
    assert (content["code"], content["verify_short"]) == (specimens.CODE, "example.org/verify")


def test_a_specimen_lists_the_longest_series_on_record():
    earn(PersonFactory(), clock.now().date(), title="Short", series=True, sessions=2)
    earn(PersonFactory(), clock.now().date(), title="Long", series=True, sessions=4)
    earn(PersonFactory(), clock.now().date(), title="No series", sessions=5)
    content = specimens.specimen("series")
    assert (words(content, "title"), len(content["sessions"])) == (["Long"], 4)
    assert [row["credits"] for row in content["sessions"]] == ["1.00"] * 4


def test_what_is_not_on_record_is_invented_and_nothing_is_written():
    ProviderFactory()
    earn(PersonFactory(), clock.now().date(), title="One type, one session", series=True)
    types, series = specimens.specimen("types"), specimens.specimen("series")
    assert len(words(types, "credit")) == specimens.TYPES
    assert words(types, "credit")[0] == "2.75 AMA PRA Category 1 Credits,"
    assert (len(series["sessions"]), words(series, "credit")) == (52, ["52.00 AMA PRA Category 1 Credits."])
    assert (Claim.objects.count(), ClaimLine.objects.count()) == (1, 1)


@pytest.mark.parametrize("kind", ["types", "letters"])
def test_the_longest_specimens_stay_within_their_page(kind):
    ProviderFactory()
    content = specimens.specimen(kind)
    made = typeset.certificate({"sentence": content["sentence"], "statements": content["statements"]})
    assert made.used <= made.room


def test_only_the_newest_claims_are_looked_at(monkeypatch):
    """A claim for each learner of each activity: a sort of all of them is not for a request."""
    ProviderFactory()
    monkeypatch.setattr(specimens, "NEWEST", 2)
    earn(PersonFactory(given_name="Maximiliana", family_name="Featherstonehaugh"), clock.now().date(), also=[("moc_abim", {}), ("acpe", {})])  # fmt: skip
    earn(PersonFactory(given_name="Li", family_name="Wu", degrees="MD"), clock.now().date(), title="Newer", also=[("moc_abim", {})])  # fmt: skip
    earn(PersonFactory(given_name="Li", family_name="Wu", degrees="MD"), clock.now().date())
    assert words(specimens.specimen("longest"), "name") == ["Li Wu, MD"]
    assert words(specimens.specimen("types"), "title") == ["Newer"]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        plan = specimens._newest().explain()
    assert re.search(r"Limit.*\n.*Index Only Scan Backward using credits_claim_pkey", plan), plan


# --- no sponsors: AMA-CERT-5 -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("Supported by Ostrea Diagnostics", "Ostrea Diagnostics, Inc."),
        ("ostrea-diagnostics.example", "Ostrea Diagnostics"),
        ("Thanks to OSTREA’S team", "Ostrea"),
        ("Gift of Société Ostréa", "Societe Ostrea SA"),
        ("3M gave the room", "3M Co."),
    ],
)
def test_a_line_that_names_an_ineligible_company_is_refused(line, name):
    CompanyFactory(name=name)
    staff = office()
    row = designs.start(by=staff)
    with pytest.raises(Invalid) as refused:
        designs.change(template_id=row.pk, values={"office_line": line, "border": False}, by=staff)
    assert refused.value.fields == {"office_line": f"The line names {name} (ineligible company). No sponsor’s name or logo stands on a certificate (AMA-CERT-5). Take it out."}  # fmt: skip
    row.refresh_from_db()
    assert (row.office_line, row.border) == ("", True)


def test_a_company_that_nobody_decided_about_counts_until_somebody_does():
    company, staff = CompanyFactory(name="Harbor Clinic", undetermined=True), office()
    row = designs.start(by=staff)
    with pytest.raises(Invalid, match="or decide first that it is not an ineligible company"):
        designs.change(template_id=row.pk, values={"office_line": "Write to Harbor Clinic"}, by=staff)
    company.eligibility = "eligible"
    company.save()
    designs.change(template_id=row.pk, values={"office_line": "Write to Harbor Clinic"}, by=staff)
    row.refresh_from_db()
    assert row.office_line == "Write to Harbor Clinic"


@pytest.mark.parametrize("line", ["Questions: cme@lakeshore.example", "Ostreans welcome", "Coostrea", "", "Inc."])
def test_a_line_that_names_none_is_kept(line):
    CompanyFactory(name="Ostrea Inc.")
    CompanyFactory(name="—")
    staff = office()
    row = designs.start(by=staff)
    assert designs.change(template_id=row.pk, values={"office_line": line, "note": "Ostrea is out"}, by=staff).office_line == line  # fmt: skip


def test_a_signer_or_a_picture_that_names_one_is_pointed_out():
    """Neither is the draft's own text: the provider's page says who signs, and a file may be called anything."""
    ProviderFactory(signer_title="Ostrea Professor of Medicine")
    CompanyFactory(name="Ostrea")
    staff = office()
    row = designs.start(by=staff)
    designs.add_drawing(template_id=row.pk, kind="seal", name="ostrea_seal.svg", source=SVG, by=staff)
    found = designs.problems(CertificateTemplate.objects.get(pk=row.pk))
    assert [text.split(" names ")[0] for text in found] == ["The line of the signature", "The file of the seal"]


@pytest.mark.parametrize("items", [1, 3])
def test_sponsors_are_looked_for_in_one_query(items, django_assert_num_queries):
    CompanyFactory.create_batch(items)
    row = designs.start(by=office())
    ProviderFactory()
    with django_assert_num_queries(2):  # the provider, the companies
        designs.problems(row)


@pytest.mark.parametrize("roles", [(), ("reviewer",), ("leadership",)])
def test_only_the_office_changes_the_design(roles):
    by = office(*roles) if roles else office("reviewer")
    with pytest.raises(NotAllowed):
        designs.start(by=by)
    assert CertificateTemplate.objects.count() == 0


# --- pages -----------------------------------------------------------------------------------------------------


@pytest.fixture
def staff(client):
    ProviderFactory()
    user = UserFactory(roles=["staff"])
    client.force_login(user)
    return user


def page(name, *args):
    return reverse(f"certificate_desk:{name}", args=args)


def test_from_the_first_draft_to_a_version_in_use(client, staff):
    assert "No version of your own yet" in client.get(page("designs")).content.decode()
    row_url = client.post(page("design_start")).url
    row = CertificateTemplate.objects.get()
    assert row_url == page("design", row.pk)
    values = {
        "head": "logo_seal",
        "foot": "check_statement_sign",
        "accent": "#6B1F2A",
        "ink": "#1c1c1c",
        "border": "on",
        "office_line": "  a   b ",
        "note": "New logo",
    }
    assert client.post(row_url, values).status_code == 302
    row.refresh_from_db()
    assert (row.accent, row.border, row.engraving, row.office_line) == ("#6b1f2a", True, False, "a b")
    uploaded = client.post(
        page("design_picture", row.pk), {"kind": "logo", "logo": SimpleUploadedFile("logo.svg", SVG)}
    )
    assert uploaded.url == row_url
    assert "logo.svg" in client.get(row_url).content.decode()
    shown = client.get(page("design_use", row.pk))
    assert "nothing is issued anew" in shown.content.decode()
    client.post(page("design_use", row.pk), {"digest": shown.context["digest"]})
    row.refresh_from_db()
    assert (row.status, row.in_use_by) == ("in_use", actor_of(staff).label)


def test_a_bad_color_and_a_bad_file_say_what_to_do_and_keep_the_rest(client, staff):
    row = designs.start(by=office())
    pale = client.post(
        page("design", row.pk), {"head": "seal", "foot": "sign_statement_check", "accent": "#cccccc", "ink": "#14252c"}
    )
    assert "too pale on white paper" in pale.content.decode()
    odd = client.post(
        page("design", row.pk), {"head": "seal", "foot": "sign_statement_check", "accent": "red", "ink": "#14252c"}
    )
    assert "Write a color like #0a5469." in odd.content.decode()
    evil = client.post(page("design_picture", row.pk), {"kind": "seal", "seal": SimpleUploadedFile("x.svg", EVIL)})
    assert "The drawing holds a script." in evil.content.decode()
    none = client.post(page("design_picture", row.pk), {"kind": "seal"})
    assert "Choose a file first." in none.content.decode()
    row.refresh_from_db()
    assert (row.accent, row.seal) == ("#0a5469", None)


def test_the_form_saves_as_one_chooses_and_answers_with_new_previews(client, staff):
    row = designs.start(by=office())
    values = {"head": "seal", "foot": "sign_statement_check", "accent": "#123456", "ink": "#14252c", "border": "on"}
    answer = client.post(page("design", row.pk), values, headers={"HX-Request": "true"})
    assert answer.content.decode().lstrip().startswith('<section id="previews"')
    row = CertificateTemplate.objects.get(pk=row.pk)
    assert row.accent == "#123456"
    assert design.digest(row)[:12] in answer.content.decode()


@pytest.mark.parametrize("kind", list(specimens.KINDS))
def test_previews_are_pictures_and_pdfs(client, staff, kind):
    row = designs.start(by=office())
    image = client.get(page("design_preview", row.pk, kind), {"v": "x"})
    assert (image["Content-Type"], image["Cache-Control"]) == ("image/png", "private, max-age=86400")
    assert image.content.startswith(b"\x89PNG")
    assert client.get(page("design_file", row.pk, kind)).content.startswith(b"%PDF")


def test_the_picture_of_a_series_is_its_list(client, staff):
    row = designs.start(by=office())
    content = client.get(page("design_file", row.pk, "series")).content
    shown = client.get(page("design_preview", row.pk, "series")).content
    assert shown == pictures.page(content, width=960, number=1)
    assert shown != pictures.page(content, width=960)


def test_a_company_that_came_on_record_since_stops_the_draft(client, staff):
    row = designs.start(by=office())
    designs.change(template_id=row.pk, values={"office_line": "With thanks to Ostrea"}, by=office())
    CompanyFactory(name="Ostrea")
    row = CertificateTemplate.objects.get(pk=row.pk)
    assert designs.problems(row) == [
        "The line of the office names Ostrea (ineligible company). No sponsor’s name or logo stands on a certificate (AMA-CERT-5). Take it out."
    ]
    answer = client.post(page("design_use", row.pk), {"digest": design.digest(row)}, follow=True)
    assert "AMA-CERT-5" in answer.content.decode()
    row.refresh_from_db()
    assert (row.status, designs.current()) == ("draft", None)


def test_the_refusal_stands_at_the_field(client, staff):
    CompanyFactory(name="Ostrea")
    row = designs.start(by=office())
    values = {"head": "seal", "foot": "sign_statement_check", "accent": "#123456", "ink": "#14252c", "office_line": "By Ostrea"}  # fmt: skip
    answer = client.post(page("design", row.pk), values)
    assert "The line names Ostrea (ineligible company)." in str(answer.context["form"].errors["office_line"])
    assert 'id="AMA-CERT-5"' in client.get("/rules/").content.decode()


def test_a_preview_of_nothing_is_not_found(client, staff):
    row = designs.start(by=office())
    assert client.get(page("design_preview", row.pk, "nonsense")).status_code == 404
    assert client.get(page("design_preview", 999, "longest")).status_code == 404


def test_throwing_away_and_going_back(client, staff):
    row = designs.start(by=office())
    assert "It cannot be brought back." in client.get(page("design_end", row.pk)).content.decode()
    client.post(page("design_end", row.pk))
    assert CertificateTemplate.objects.count() == 0
    used = in_use()
    client.post(page("design_end", used.pk))
    used.refresh_from_db()
    assert used.status == "retired"
    assert client.get(page("design_end", used.pk)).url == page("design", used.pk)


def test_uploads_are_taken_on_that_page_alone(client, staff):
    row = designs.start(by=office())
    assert client.post(page("design", row.pk), {"x": SimpleUploadedFile("x.svg", SVG)}).status_code == 400
    assert Certificate.objects.count() == 0


@pytest.mark.parametrize("name", ["home", "designs"])
def test_the_sidebar_marks_the_page_that_is_open_and_no_other(client, staff, name):
    text = client.get(page(name)).content.decode()
    assert re.findall(r'<a href="([^"]+)" class="[^"]* active"', text) == [page(name)]
