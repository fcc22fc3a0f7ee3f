"""What a document may load, what the health check sees, and what happens when something is missing."""

import re
import sys
from pathlib import Path

import pytest

from common import pdf

ROOT = Path(__file__).resolve().parents[2]
PAGE = '<html lang="en"><head><title>t</title></head><body>{}</body></html>'
EVIL_SVG = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'%3E%3Cimage href='file:///etc/passwd' width='9' height='9'/%3E%3C/svg%3E"


@pytest.mark.pdf
@pytest.mark.parametrize(
    "body",
    [
        '<img alt="x" src="http://127.0.0.1:9/x.png"/>',
        '<img alt="x" src="https://example.org/x.svg"/>',
        '<img alt="x" src="file:///etc/passwd"/>',
        '<img alt="x" src="ftp://example.org/x.png"/>',
        f'<img alt="x" src="{EVIL_SVG}"/>',
        '<img alt="x" src="data:image/png;base64,AAAA"/>',
        '<img alt="x" src="asset:img/../../manage.py"/>',
        '<img alt="x" src="asset:fonts/print/../../../manage.py.svg"/>',
        '<img alt="x" src="asset:img/no-such-file.svg"/>',
        '<p style="background: url(http://127.0.0.1:9/x)">x</p>',
        '<p style="background: url(file:///etc/hostname)">x</p>',
        '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="file:///etc/passwd" width="9" height="9"/></svg>',
    ],
)
def test_documents_load_nothing_but_our_own_files(body: str) -> None:
    with pytest.raises(pdf.RefusedAddress):
        pdf.write(PAGE.format(body))


@pytest.mark.pdf
@pytest.mark.parametrize(
    "head",
    [
        '<link rel="stylesheet" href="http://127.0.0.1:9/x.css"/>',
        "<style>@import url(file:///etc/passwd);</style>",
        '<link rel="attachment" href="file:///etc/passwd"/>',
    ],
)
def test_documents_load_no_foreign_styles_or_attachments(head: str) -> None:
    with pytest.raises(pdf.RefusedAddress):
        pdf.write(PAGE.format("x").replace("</head>", f"{head}</head>"))


@pytest.mark.pdf
def test_refusal_leaves_the_engine_usable() -> None:
    with pytest.raises(pdf.RefusedAddress):
        pdf.write(PAGE.format('<img alt="x" src="file:///etc/passwd"/>'))
    assert pdf.write(PAGE.format("<p>fine</p>")).startswith(b"%PDF")


@pytest.mark.pdf
@pytest.mark.parametrize(
    "source", ["<html><p>open</html>", '<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd">]><html>&x;</html>']
)
def test_documents_must_be_plain_well_formed_xml(source: str) -> None:
    with pytest.raises(pdf.PdfError):
        pdf.write(source)


@pytest.mark.pdf
def test_uncovered_names_what_would_be_a_box() -> None:
    assert pdf.uncovered("Đặng Ελένη Ольга Žofia O’Brien — ½ ™ \u200d\u200f") == set()
    assert pdf.uncovered("Ann \U000f1234\ue123") == {"\U000f1234", "\ue123"}


def test_status_needs_no_engine_and_names_the_fonts() -> None:
    found = pdf.status()
    assert found["missing_fonts"] == []
    assert found["ok"] == (found["missing_libraries"] == [])


def test_missing_engine_is_a_sentence_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "_engines", {})
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(pdf.PdfUnavailable, match=r"apt-get install --no-install-recommends libpango-1.0-0"):
        pdf.engine()
    assert pdf.status(deep=True)["ok"] is False


def test_templates_use_only_elements_that_are_styled() -> None:
    # pdf.ELEMENTS replaces the sheet for all of HTML: an element outside it would be laid out as a span.
    known = set(re.findall(r"[a-z][a-z0-9]*(?=[ ,{\[])", pdf.ELEMENTS)) | {"a", "span", "small", "meta"}
    for path in (ROOT / "templates" / "pdf").glob("*.html"):
        markup = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", "·", path.read_text())
        assert set(re.findall(r"<([a-z][a-z0-9]*)", markup)) <= known


@pytest.mark.pdf
def test_drawings_with_more_than_paths_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "img"
    folder.mkdir()
    (folder / "odd.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><g opacity=".5"><path d="M0 0h9v9z"/></g></svg>'
    )
    monkeypatch.setattr(pdf, "STATIC", tmp_path)
    pdf.engine()
    with pytest.raises(pdf.PdfError, match="plain paths only"):
        pdf.write(PAGE.format('<img alt="x" src="asset:img/odd.svg" style="width:9px;height:9px"/>'))


def test_committed_drawings_are_what_the_code_draws() -> None:
    from common import engraving

    for filename, draw in engraving.DRAWINGS.items():
        assert (ROOT / "static" / "img" / filename).read_text() == draw(), (
            f"{filename}: run manage.py build_print_assets"
        )
