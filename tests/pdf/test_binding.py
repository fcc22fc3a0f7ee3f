"""Many certificates in one PDF: whole, tagged, with bookmarks, equal parts once, memory that does not grow with them."""

import io
from pathlib import Path

import pikepdf
import pytest

from common import pdf, signing
from common.binding import Binder
from tests.pdf import samples
from tests.pdf import signing_keys as keys
from tests.pdf.reading import reader, squeeze

pytestmark = pytest.mark.pdf


def one(i: int, signer: signing.Signer | None = None, sessions: bool = False) -> bytes:
    context = (
        samples.series(14) if sessions else samples.physician(f"Person {i}, MD", code=f"LS-26-7KQ4-MX2H-{1000 + i}")
    )
    return pdf.render("pdf/certificate.html", context, title=f"Certificate {i}", identifier=str(i), signer=signer)


def bound(*parts: bytes, title: str = "Certificates: Sepsis “now” & then") -> bytes:
    out = io.BytesIO()
    binder = Binder(out, title=title)
    for i, part in enumerate(parts):
        binder.add(part, label=f"Ünï {i} · LS-26")
    binder.close()
    return out.getvalue()


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    key = keys.ec_key()
    path = keys.p12(tmp_path_factory.mktemp("k"), key, keys.certificate(key))
    signer = signing.signer_of(signing.load(path))
    return [one(0, signer), one(1, signer), one(2, signer, sessions=True), one(3)]


def test_every_page_is_there_in_order_with_its_text(parts: list[bytes]) -> None:
    found = reader(bound(*parts))
    texts = [squeeze(page.extract_text()) for page in found.pages]
    assert len(texts) == 5
    assert ["Person0" in texts[0], "Person1" in texts[1], "Sessions" in texts[3], "Person3" in texts[4]] == [True] * 4
    assert [str(mark["/Title"]) for mark in found.outline] == [f"Ünï {i} · LS-26" for i in range(4)]
    assert [found.get_destination_page_number(mark) for mark in found.outline] == [0, 1, 2, 4]


def test_it_is_well_formed_and_carries_no_signature_of_its_parts(parts: list[bytes]) -> None:
    with pikepdf.open(io.BytesIO(bound(*parts))) as found:
        assert found.check_pdf_syntax() == []
        assert "/AcroForm" not in found.Root
        assert "/Perms" not in found.Root
        kinds = [note.Subtype for page in found.pages for note in page.obj.get("/Annots", [])]
        assert set(map(str, kinds)) == {"/Link"}


def test_tags_of_every_part_hang_on_one_tree(parts: list[bytes]) -> None:
    with pikepdf.open(io.BytesIO(bound(*parts))) as found:
        root = found.Root
        assert root.MarkInfo.Marked
        assert root.ViewerPreferences.DisplayDocTitle
        assert b'pdfuaid:part="1"' in root.Metadata.read_bytes()
        document = root.StructTreeRoot.K[0]
        assert (str(document.S), len(document.K)) == ("/Document", 4)
        assert {str(part.S) for part in document.K} == {"/Part"}
        leaves = root.StructTreeRoot.ParentTree.Kids
        parents = {int(k): v for leaf in leaves for k, v in zip(leaf.Nums[::2], leaf.Nums[1::2], strict=True)}
        for page in found.pages:
            elements = parents[int(page.obj.StructParents)]
            assert all(element.Type == "/StructElem" for element in elements)
            assert {element.Pg.objgen for element in elements if "/Pg" in element} <= {page.obj.objgen}
            for note in page.obj.get("/Annots", []):
                assert str(parents[int(note.StructParent)].S) == "/Link"
        assert sorted(parents) == list(range(len(parents)))


def test_equal_parts_are_stored_once(parts: list[bytes]) -> None:
    many = bound(*[one(i) for i in range(12)])
    assert len(many) < 0.6 * sum(len(one(i)) for i in range(12))


def test_the_pictures_are_those_of_the_parts(parts: list[bytes], tmp_path: Path) -> None:
    from tests.pdf.reading import picture

    assert picture(bound(parts[0]), tmp_path, "bound").tobytes() == picture(parts[0], tmp_path, "part").tobytes()


def test_a_title_with_markup_stays_a_title() -> None:
    found = reader(bound(one(0), title='<x> & "y" (z)'))
    assert found.metadata is not None
    assert found.metadata.title == '<x> & "y" (z)'


def test_nothing_bound_is_still_a_file() -> None:
    assert bound().startswith(b"%PDF-1.7")
