"""Signed certificates: read back and checked by pyHanko; any change shows; the document stays what it was."""

import io
import os
from typing import Any

import pytest
from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation import SignatureCoverageLevel, validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from common import pdf, signing
from tests.pdf import samples
from tests.pdf import signing_keys as keys
from tests.pdf.reading import reader, squeeze, text

pytestmark = pytest.mark.pdf


def signed(signer: signing.Signer, **changes: Any) -> bytes:
    context = samples.physician(**changes)
    return pdf.render("pdf/certificate.html", context, title="Certificate", identifier=context["code"], signer=signer)


def status(content: bytes, *trusted: Any) -> Any:
    """What pyHanko says about the one signature in a file."""
    der = [asn1_x509.Certificate.load(c.public_bytes(keys.serialization.Encoding.DER)) for c in trusted]
    found = PdfFileReader(io.BytesIO(content)).embedded_signatures
    assert len(found) == 1
    return validate_pdf_signature(found[0], ValidationContext(trust_roots=der, allow_fetching=False))


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A key of the school's own, its signer, and a signed certificate."""
    key = keys.ec_key()
    leaf = keys.certificate(key)
    signer = signing.signer_of(signing.load(*keys.pem(tmp_path_factory.mktemp("key"), key, leaf)))
    return leaf, signer, signed(signer)


def test_the_signature_is_valid_covers_the_whole_file_and_allows_no_change(school: Any) -> None:
    leaf, _signer, content = school
    found = status(content, leaf)
    assert (found.valid, found.intact, found.trusted, found.docmdp_ok, found.bottom_line) == (True,) * 5
    assert found.coverage == SignatureCoverageLevel.ENTIRE_FILE
    signature = PdfFileReader(io.BytesIO(content)).embedded_signatures[0]
    assert signature.docmdp_level == MDPPerm.NO_CHANGES
    assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"


def test_the_signature_is_pades_with_the_certificate_bound_into_it(school: Any) -> None:
    _leaf, _signer, content = school
    signature = PdfFileReader(io.BytesIO(content)).embedded_signatures[0]
    attributes = {a["type"].native for a in signature.signer_info["signed_attrs"]}
    assert {"content_type", "message_digest", "signing_certificate_v2"} <= attributes
    assert "signing_time" not in attributes  # PAdES: the time stands in the signature dictionary


@pytest.mark.parametrize("share", [0.05, 0.3, 0.55, 0.8, 0.97])
def test_a_flipped_byte_is_seen(school: Any, share: float) -> None:
    leaf, _signer, content = school
    changed = bytearray(content)
    changed[int(len(content) * share)] ^= 1
    try:
        found = status(bytes(changed), leaf)
    except Exception:  # noqa: BLE001 - so broken that it cannot be read as a signed file: that is seen, too
        return
    assert found.bottom_line is False


def test_an_appended_revision_is_a_change(school: Any) -> None:
    from pyhanko.pdf_utils.generic import ArrayObject, NumberObject
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    leaf, _signer, content = school
    writer = IncrementalPdfFileWriter(io.BytesIO(content))
    page = writer.root["/Pages"]["/Kids"].raw_get(0)
    page.get_object()["/MediaBox"] = ArrayObject(map(NumberObject, (0, 0, 500, 400)))
    writer.mark_update(page)
    out = io.BytesIO()
    writer.write(out)
    assert status(out.getvalue(), leaf).bottom_line is False


def test_a_signed_certificate_is_still_tagged_accessible_and_shows_no_field(school: Any) -> None:
    """PDF/UA-1, 7.18.1: what is hidden needs no place in the structure; every page with notes is in structure order."""
    _leaf, _signer, content = school
    found = reader(content)
    root, page = found.trailer["/Root"], found.pages[0]
    assert root["/MarkInfo"]["/Marked"]
    assert b'pdfuaid:part="1"' in root["/Metadata"].get_data()
    assert page["/Tabs"] == "/S"
    widget = next(a.get_object() for a in page["/Annots"] if a.get_object()["/Subtype"] == "/Widget")
    assert widget["/F"] & 2
    assert list(widget["/Rect"]) == [0, 0, 0, 0]
    assert widget["/TU"] == "Digital signature"
    assert squeeze("Elena R. Marchetti, MD") in squeeze(text(content))


def test_the_page_is_the_same_with_and_without_a_signature(school: Any) -> None:
    _leaf, _signer, content = school
    plain = pdf.render("pdf/certificate.html", samples.physician(), title="Certificate", identifier="x")
    assert reader(plain).pages[0].get_contents().get_data() == reader(content).pages[0].get_contents().get_data()


def test_each_document_has_its_own_signature(school: Any) -> None:
    leaf, signer, content = school
    other = signed(signer, code="LS-26-7KQ4-MX2H-2222")
    assert status(other, leaf).bottom_line is True

    def container(file: bytes) -> bytes:
        start = file.index(b"/Contents <") + 10
        return file[start : file.index(b">", start)]

    moved = content.replace(container(content), container(other), 1)
    assert len(moved) == len(content)
    assert status(moved, leaf).bottom_line is False


def test_rsa_key_with_a_chain_in_a_pkcs12_file_with_a_password(tmp_path: Any) -> None:
    root_key, key = keys.rsa_key(), keys.rsa_key()
    root = keys.certificate(root_key, "Harbor Trust", ca=True)
    leaf = keys.certificate(key, issuer=(root_key, "Harbor Trust"))
    path = keys.p12(tmp_path, key, leaf, root, password="harbor")
    content = signed(signing.signer_of(signing.load(path, password="harbor")))
    found = status(content, root)
    assert (found.bottom_line, found.trusted) == (True, True)


# --- what an operator may get wrong -------------------------------------------------------------------------


def test_a_wrong_password_is_a_sentence(tmp_path: Any) -> None:
    key = keys.ec_key()
    path = keys.p12(tmp_path, key, keys.certificate(key), password="right")
    with pytest.raises(signing.SigningError, match="wrong SIGNING_KEY_PASSWORD"):
        signing.load(path, password="wrong")


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: (keys.ec_key(), keys.certificate(keys.ec_key())), "belongs to another key"),
        (lambda: (k := keys.rsa_key(1024), keys.certificate(k)), "RSA key of 2048 bits"),
        (lambda: (k := keys.ec_key(), keys.certificate(k, signs=False)), "does not allow signatures"),
    ],
    ids=["another key", "short key", "key usage"],
)
def test_what_does_not_fit_is_refused(tmp_path: Any, make: Any, sentence: str) -> None:
    key, leaf = make()
    with pytest.raises(signing.SigningError, match=sentence):
        signing.load(*keys.pem(tmp_path, key, leaf))


def test_a_missing_file_and_rubbish_are_sentences(tmp_path: Any) -> None:
    with pytest.raises(signing.SigningError, match="cannot be read"):
        signing.load(tmp_path / "nowhere.p12")
    (tmp_path / "odd.p12").write_bytes(b"no key at all")
    with pytest.raises(signing.SigningError, match="cannot be opened"):
        signing.load(tmp_path / "odd.p12")


@pytest.mark.parametrize(
    ("since", "until", "state", "signs"),
    [(-1, 365, "ok", True), (-1, 12, "expiring", True), (-30, -1, "expired", False), (5, 30, "not_yet", False)],
)
def test_the_state_of_the_key_decides_whether_documents_are_signed(
    settings: Any, tmp_path: Any, db: None, since: int, until: int, state: str, signs: bool
) -> None:
    key = keys.ec_key()
    settings.SIGNING_KEY_FILE = str(keys.p12(tmp_path, key, keys.certificate(key, since=since, until=until)))
    found = signing.status()
    assert (found.state, found.signs) == (state, signs)
    assert (signing.current() is not None) == signs
    assert "Lakeshore CME" in found.text


def test_without_a_key_the_portal_says_so_and_signs_nothing(settings: Any) -> None:
    settings.SIGNING_KEY_FILE = ""
    assert (signing.status().state, signing.current()) == ("off", None)


def test_a_new_key_file_needs_no_restart(settings: Any, tmp_path: Any, db: None) -> None:
    first, second = keys.ec_key(), keys.ec_key()
    path = keys.p12(tmp_path, first, keys.certificate(first, "First"))
    settings.SIGNING_KEY_FILE = str(path)
    assert signing.current().name == "First"  # type: ignore[union-attr]
    keys.p12(tmp_path, second, keys.certificate(second, "Second"))
    os.utime(path, (1, 1))
    assert signing.current().name == "Second"  # type: ignore[union-attr]
    path.unlink()
    assert (signing.status().state, signing.current()) == ("broken", None)


def test_the_demo_key_is_made_once_and_closed_to_others(tmp_path: Any, db: None) -> None:
    path = tmp_path / "signing-key.p12"
    signing.make_demo_key(path, organisation="Lakeshore University School of Medicine")
    assert path.stat().st_mode & 0o077 == 0
    assert signing.load(path).name == "Lakeshore University School of Medicine (demo key)"
    with pytest.raises(FileExistsError):
        signing.make_demo_key(path, organisation="Lakeshore")
