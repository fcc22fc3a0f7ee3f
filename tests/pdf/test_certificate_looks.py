"""Designs: colors, pictures, order; all texts stay inside; tags and speed stay."""

from typing import Any

import pytest

from common import artwork, engraving, pdf, typeset
from credits.documents import design
from credits.enums import FootOrder, HeadOrder
from credits.models import CertificateDrawing, CertificateTemplate
from tests.pdf import samples
from tests.pdf.reading import picture, placed, reader, squeeze, text
from tests.pdf.test_documents import LONG, _tags
from tests.unit.test_certificate_artwork import png

pytestmark = pytest.mark.pdf
LOGO = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 80"><rect x="0" y="0" width="300" height="80" fill="#6b1f2a"/></svg>'
LINE = "Questions: cme@lakeshore.example. Member of the Harbor Consortium for Continuing Education since 1987."


def drawing(kind: str, source: bytes) -> CertificateDrawing:
    made = artwork.clean(source)
    import hashlib

    return CertificateDrawing(
        pk=1, kind=kind, content=made.content, width=made.width, height=made.height, signer_name="Marcus Adeyemi, MD, MEd",
        sha256=hashlib.sha256(made.content).hexdigest(),
    )  # fmt: skip


def look(**values: Any) -> CertificateTemplate:
    defaults: dict[str, Any] = {"number": 1, "accent": "#6b1f2a", "ink": "#1c1c1c"}
    return CertificateTemplate(**defaults | values)


def certificate(row: CertificateTemplate, context: dict[str, Any] | None = None) -> bytes:
    content = design.frozen(context or samples.physician(), row)
    return pdf.render(
        "pdf/certificate.html", design.context(content, row), title="Certificate", identifier="x", look=design.look(row)
    )


def test_the_portals_own_design_is_not_touched_by_another() -> None:
    before = pdf.render("pdf/certificate.html", samples.physician(), title="Certificate", identifier="x")
    certificate(look(head=HeadOrder.NOTHING, border=False))
    assert pdf.render("pdf/certificate.html", samples.physician(), title="Certificate", identifier="x") == before


def test_same_design_and_content_same_bytes() -> None:
    row = look(logo=drawing("logo", LOGO), head=HeadOrder.LOGO_SEAL)
    assert certificate(row) == certificate(row)
    assert certificate(row) != certificate(look(logo=drawing("logo", LOGO), head=HeadOrder.SEAL_LOGO))


def test_a_design_is_compiled_once_for_all_its_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    row = look(accent="#123456")
    certificate(row)
    calls: list[object] = []
    monkeypatch.setattr(engraving, "ground", lambda **_: calls.append(1))
    certificate(row, samples.attendance())
    assert calls == []


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ({"border": True, "engraving": True}, {"#6b1f2a", artwork.mixed("#6b1f2a", 0.115)}),
        ({"border": True, "engraving": False}, {"#6b1f2a"}),
        ({"border": False, "engraving": True}, {artwork.mixed("#6b1f2a", 0.115)}),
        ({"border": False, "engraving": False}, set()),
    ],
)
def test_border_and_engraving_are_switched_apart(values: dict[str, bool], wanted: set[str]) -> None:
    ground = design.look(look(**values)).pictures.get("ground", b"").decode()
    found = {color for color in ("#6b1f2a", artwork.mixed("#6b1f2a", 0.115)) if color in ground}
    assert found == wanted


def test_the_border_is_drawn_in_the_accent_and_gone_without_it(tmp_path: Any) -> None:
    with_border = picture(certificate(look()), tmp_path, "a")
    without = picture(certificate(look(border=False, engraving=False)), tmp_path, "b")
    band = (30, 380, 60, 420)  # where the border runs down the left side

    def colors(image: Any, box: tuple[int, ...]) -> set[tuple[int, int, int]]:
        return {color for _count, color in image.crop(box).getcolors(4096)}

    assert len(colors(with_border, band)) > 1
    assert colors(without, band) == {(255, 255, 255)}
    assert colors(without, (900, 120, 960, 180)) == {(255, 255, 255)}


@pytest.mark.parametrize("order", list(FootOrder))
def test_the_foot_stands_in_the_order_chosen_and_nothing_overlaps(order: FootOrder) -> None:
    content = samples.physician(statements=[[samples.run(samples.JOINT)]])
    found = placed(certificate(look(foot=order), content))
    left = {
        "sign": min(x for piece, x, _y in found if piece.startswith("Marcus Adeyemi")),
        "check": min(x for piece, x, _y in found if piece.startswith("LS-26")),
        "statement": min(x for piece, x, y in found if "accredit" in piece and y < 200),
    }
    assert tuple(sorted(left, key=lambda name: left[name])) == tuple(order.value.split("_"))
    assert all(0.9 * 72 <= x <= 10.1 * 72 for x in left.values())


@pytest.mark.parametrize("head", list(HeadOrder))
def test_pictures_at_the_top_have_words_and_stay_inside(head: HeadOrder) -> None:
    row = look(head=head, logo=drawing("logo", LOGO), seal=drawing("seal", png(300, 300)))
    data = certificate(row)
    root = reader(data).trailer["/Root"]
    words = [str(t["/Alt"]) for t in _tags(root["/StructTreeRoot"]["/K"][0], []) if t.get("/S") == "/Figure"]
    shown = {"seal": "Seal of", "logo": "Logo of"}
    wanted = [shown[name] for name in ("seal", "logo") if name in design.head(row)]
    assert [w for w in words if w.startswith(("Seal", "Logo"))] == [
        f"{w} Lakeshore University School of Medicine" for w in wanted
    ]
    assert len(words) == len(wanted) + 2  # signature and QR code


def test_a_logo_that_is_not_there_leaves_no_gap() -> None:
    assert design.head(look(head=HeadOrder.LOGO)) == ("nothing",)
    assert design.head(look(head=HeadOrder.LOGO_SEAL)) == ("seal",)
    assert len(reader(certificate(look(head=HeadOrder.LOGO))).pages) == 1


@pytest.mark.parametrize(
    "row", [{}, {"head": HeadOrder.NOTHING}, {"head": HeadOrder.LOGO_SEAL, "border": False}], ids=str
)
@pytest.mark.parametrize("name", ["Ø", LONG, "W" * 200])
def test_the_longest_and_the_shortest_fit_with_the_line_of_the_office(row: dict[str, Any], name: str) -> None:
    values = look(office_line=LINE, logo=drawing("logo", LOGO), **row)
    content = samples.titled(samples.physician(name, statements=[[samples.run(samples.JOINT)]]), (LONG + LONG)[:200])
    data = certificate(values, content)
    assert len(reader(data).pages) == 1
    said = squeeze(text(data))
    assert squeeze(name) in said
    assert squeeze(LINE) in said
    layout = typeset.certificate(design.context(design.frozen(content, values), values))
    assert layout.used <= layout.room


def test_a_signature_stands_only_beside_the_name_of_its_owner() -> None:
    row = look(signature=drawing("signature", png(200, 60)))
    assert design.frozen(samples.physician(), row)["signature"] == pdf.LOOK
    other = design.frozen(samples.physician(signer_name="Ana Ortiz, MD", signature=""), row)
    assert other["signature"] == ""


def test_a_bitmap_keeps_its_transparency_and_costs_its_bytes_once() -> None:
    data = certificate(look(seal=drawing("seal", png(300, 300))))
    images = list(reader(data).pages[0].images)
    assert [(i.image.size, i.image.mode) for i in images if i.image] == [((300, 300), "RGBA")]


def test_small_text_is_never_paler_than_may_be_read() -> None:
    for ink in ("#14252c", "#767676", "#0a5469", "#595959"):
        assert artwork.contrast(design.quiet(ink)) >= 4.5


def test_styles_are_remembered_only_where_an_element_decides_them() -> None:
    """common/styles.py: a style depends on the element and what it stands in, so no selector may look at its neighbors."""
    import re

    css = re.sub(r"/\*.*?\*/", "", pdf.STYLESHEET.read_text(), flags=re.S) + pdf.ELEMENTS
    selectors = re.findall(r"([^{}@;]+)\{", css)
    assert [s.strip() for s in selectors if re.search(r"[+~]|:(first|last|nth|only|not|has|empty|is)\b", s)] == []
    from common import styles

    seen = set(re.findall(r"\[([a-z-]+)", "".join(selectors))) | set(re.findall(r"attr\(([a-z-]+)\)", css))
    assert seen & styles.UNSEEN <= {
        "data-foot",
        "data-page",
        "data-of",
    }  # read by string-set when a box is made, not by a style
