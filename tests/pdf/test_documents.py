"""Certificates and transcripts, rendered and read back."""

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from PIL import ImageChops

from common import pdf, typeset
from tests.pdf import samples
from tests.pdf.reading import picture, placed, reader, squeeze, text

pytestmark = pytest.mark.pdf

ROOT = Path(__file__).resolve().parents[2]
LONG = ("Dr. " + "Maximiliana-Konstantina Wilhelmina Featherstonehaugh von Hohenzollern " * 3)[:200].strip()
NAMES = {
    "one letter": "Ø",
    "200 letters": LONG,
    "200 wide letters without a space": "W" * 200,
    "200 narrow letters without a space": "i" * 200,
    "markup": "<script>alert(1)</script> & <b>Bob</b>",
    "template syntax": "{{ settings.SECRET_KEY }} {% now 'Y' %}",
    "Vietnamese": "Đặng Nguyễn Thị Ánh Tuyết, MD",
    "Greek": "Ελένη Παπαδοπούλου, MD",
    "Cyrillic": "Ольга Олексіївна Коваленко, MD",
    "Latin extended": "Žofia Łukasiewicz Şahin Ðorđević",
    "decomposed": "Jose\u0301 Mun\u0303oz",
    "Arabic": "محمد بن عبد الله العلي",
    "Hebrew": "ד״ר שירה בן־דוד",
    "Chinese, 200": "欧阳上官司马诸葛" * 25,
    "Japanese": "山田太郎（やまだ たろう）",
    "Korean": "김수한무 거북이와두루미",
    "Devanagari": "डॉ. अदिति शर्मा",
    "Thai, no spaces": "นายแพทย์สมชายใจดีประเสริฐวงศ์" * 4,
    "emoji": "Robin 🩺👩‍⚕️🏳️‍🌈 Okafor",
    "direction override": "Ann \u202eDM ,htimS\u202c Lee",
    "controls": "Ann\x00\x07\x1b\tLee\ufffe",
    "quotes": 'Conan O\'Brien "Coco" Ó Súilleabháin',
}
RIGHT_TO_LEFT = {"Arabic", "Hebrew", "direction override"}
SHAPED = {"Devanagari", "Thai, no spaces", "Korean", "emoji"}


def certificate(context: dict[str, Any], title: str = "Certificate") -> bytes:
    return pdf.render("pdf/certificate.html", context, title=title, identifier=context["code"])


def test_certificate_text_is_complete_and_in_order() -> None:
    found = squeeze(text(certificate(samples.physician())))
    for piece in (
        "The Lakeshore University School of Medicine certifies that Elena R. Marchetti, MD has participated in the live activity titled",
        f"{samples.TITLE} {samples.PLACE}, and is awarded 2.75 AMA PRA Category 1 Credits™.",
        samples.ACCREDITATION,
        "Marcus Adeyemi, MD, MEd Associate Dean for Continuing Medical Education",
        "LS-26-7KQ4-MX2H-9TRW Version 1, issued November 17, 2026",
        "cme.lakeshore.example/verify",
    ):
        assert squeeze(piece) in found


def test_attendance_certificate_never_awards() -> None:
    found = squeeze(text(certificate(samples.attendance())))
    assert "awarded" not in found
    assert squeeze("This activity was designated for 3.00 AMA PRA Category 1 Credits™.") in found


def test_credit_phrase_is_italic_and_the_mark_upright() -> None:
    fonts: dict[str, str] = {}

    def note(piece: str, user: object, matrix: object, font: Any, size: object) -> None:
        for word in ("Category 1 Credits", "™"):
            if word in piece:
                fonts.setdefault(word, font["/BaseFont"])

    reader(certificate(samples.physician())).pages[0].extract_text(visitor_text=note)
    assert "Italic" in fonts["Category 1 Credits"]
    assert "Portal-Serif" in fonts["™"]
    assert "Italic" not in fonts["™"]


@pytest.mark.parametrize("template", ["pdf/certificate.html", "pdf/transcript.html"])
def test_documents_are_tagged_and_say_so(template: str) -> None:
    context = samples.physician() if "certificate" in template else samples.transcript()
    found = reader(
        pdf.render(template, context, title="Certificate of Elena R. Marchetti, MD", lang="en", identifier="x")
    )
    root = found.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/StructTreeRoot"]["/K"]
    assert root["/Lang"] == "en"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert found.metadata is not None
    assert found.metadata.title == "Certificate of Elena R. Marchetti, MD"
    assert found.metadata.author == "Lakeshore University School of Medicine"
    assert b'pdfuaid:part="1"' in root["/Metadata"].get_data()
    assert found.trailer["/ID"][0]


def _tags(node: Any, out: list[Any]) -> list[Any]:
    node = node.get_object() if hasattr(node, "get_object") else node
    if isinstance(node, dict):
        out.append(node)
        kids = node.get("/K", [])
        kids = kids.get_object() if hasattr(kids, "get_object") else kids
        for kid in kids if isinstance(kids, list) else [kids]:
            if not isinstance(kid, int):
                _tags(kid, out)
    return out


def test_figures_have_words_and_layout_is_no_table() -> None:
    root = reader(certificate(samples.physician())).trailer["/Root"]
    tags = _tags(root["/StructTreeRoot"]["/K"][0], [])
    kinds = Counter(tag.get("/S") for tag in tags)
    assert kinds["/Table"] == 0
    assert kinds["/H1"] == 1
    assert kinds["/Figure"] == 3
    assert kinds["/Link"] == 1
    assert all(tag.get("/Alt") for tag in tags if tag.get("/S") == "/Figure")


def test_session_table_has_header_cells() -> None:
    root = reader(certificate(samples.series(8))).trailer["/Root"]
    kinds = Counter(tag.get("/S") for tag in _tags(root["/StructTreeRoot"]["/K"][0], []))
    assert (kinds["/Table"], kinds["/TH"], kinds["/TD"]) == (1, 3, 24)


def test_fonts_are_embedded_and_ours() -> None:
    fonts = reader(certificate(samples.physician())).pages[0]["/Resources"]["/Font"]
    names = set()
    for font in fonts.values():
        descriptor = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
        assert "/FontFile2" in descriptor
        names.add(str(descriptor["/FontFamily"]))
    assert names == {"Portal Sans", "Portal Serif"}


def test_one_page_without_sessions_and_more_with() -> None:
    assert len(reader(certificate(samples.physician())).pages) == 1
    found = reader(certificate(samples.series(14)))
    assert len(found.pages) == 2
    assert "Sessions" in found.pages[1].extract_text()
    assert "14.00" in found.pages[0].extract_text()


@pytest.fixture(scope="module")
def empty_frame(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The certificate without its sentence: what the frame looks like untouched."""
    context = samples.physician()
    context["sentence"] = []
    return picture(certificate(context), tmp_path_factory.mktemp("frame"), "frame")


@pytest.mark.parametrize("kind", NAMES)
def test_hostile_name_is_whole_on_one_page_inside_the_frame(kind: str, empty_frame: Any, tmp_path: Path) -> None:
    name = NAMES[kind]
    context = samples.titled(samples.physician(name), samples.TITLE)
    data = certificate(context, title=f"Certificate of {name}")
    pieces = placed(data)
    assert len(reader(data).pages) == 1

    wanted = squeeze(name.translate(pdf.CONTROL))
    got = squeeze("".join(piece for piece, _x, _y in pieces))
    if kind in RIGHT_TO_LEFT or kind in SHAPED:
        # Visual order or clusters: every letter is there, wherever the reader puts it.
        letters = (
            Counter(char for char in wanted if char.isalpha() and char.isascii())
            if kind in SHAPED
            else Counter(filter(str.isalpha, wanted))
        )
        assert not letters - Counter(got)
    else:
        assert wanted in got

    layout = typeset.certificate(context)
    assert layout.used <= layout.room
    credit = min(y for piece, _x, y in pieces if "2.75" in piece or "Category 1" in piece)
    base = max(
        y for piece, _x, y in pieces if piece.startswith(("The Lakeshore University School of Medicine is", "LS-26"))
    )
    assert credit > base + 12

    shown = picture(data, tmp_path, "name")
    width, height = shown.size
    changed = ImageChops.difference(shown, empty_frame).getbbox()
    assert changed is not None
    left, top, right, bottom = changed
    assert left >= 90
    assert right <= width - 90
    assert top >= 230
    assert bottom <= height - 80


@pytest.mark.parametrize("length", [10, 120, 255])
@pytest.mark.parametrize("letter", ["W", "word ", "漢"])
def test_long_title_joint_statement_and_long_place_fit_together(length: int, letter: str) -> None:
    context = samples.titled(
        samples.physician(LONG, statements=[[samples.run(samples.JOINT)]]), (letter * length)[:length]
    )
    context["sentence"][5]["runs"] = [
        samples.run(
            "at "
            + "the Grand Auditorium of the Western Regional Conference Center, " * 3
            + "on November 17, 2026, and is awarded"
        )
    ]
    data = certificate(context)
    assert len(reader(data).pages) == 1
    pieces = placed(data)
    credit = min(y for piece, _x, y in pieces if "2.75" in piece or "Category 1" in piece)
    base = max(y for piece, _x, y in pieces if piece.startswith(("This activity has been planned", "LS-26")))
    assert credit > base + 10


def test_qr_code_on_the_page_holds_the_address(tmp_path: Path) -> None:
    from common import qr

    context = samples.physician()
    rows = qr.matrix(context["verify_url"])
    shown = picture(certificate(context), tmp_path, "qr", dpi=300).convert("L")
    # The code sits 9.98 + 0.98 in from the right and 0.86 in from the bottom; see .ver in print.css.
    side = 1.06 * 300 * len(rows) / (len(rows) + 2 * qr.QUIET)
    quiet = (1.06 * 300 - side) / 2
    x0, y0 = (11 - 0.98 - 2.5 - 0.1) * 300 + quiet, (8.5 - 0.86 - 0.86 - 0.1) * 300 + quiet
    step = side / len(rows)
    seen = [
        bytes(shown.getpixel((int(x0 + (x + 0.5) * step), int(y0 + (y + 0.5) * step))) < 128 for x in range(len(rows)))
        for y in range(len(rows))
    ]
    assert seen == list(rows)


def test_same_context_same_bytes() -> None:
    assert certificate(samples.physician()) == certificate(samples.physician())
    assert certificate(samples.physician()) != certificate(samples.physician("Elena R. Marchetti, DO"))


@pytest.mark.slow
def test_same_bytes_in_another_process() -> None:
    script = (
        "import django; django.setup()\n"
        "import hashlib; from common import pdf; from tests.pdf import samples\n"
        "pdf.warm()\n"
        "print(hashlib.sha256(pdf.render('pdf/certificate.html', samples.physician(), title='Certificate', identifier='x')).hexdigest())"
    )
    other = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    )
    here = pdf.render("pdf/certificate.html", samples.physician(), title="Certificate", identifier="x")
    assert other.stdout.split()[-1] == hashlib.sha256(here).hexdigest()


def test_transcript_lists_every_row_and_repeats_its_header() -> None:
    context = samples.transcript(60, name="Ruth Castellanos, RN", physician=False)
    found = reader(pdf.render("pdf/transcript.html", context, title="Transcript"))
    pages = [page.extract_text() for page in found.pages]
    whole = squeeze("".join(pages))
    assert len(pages) >= 3
    assert all(f"9{i:03d}" in whole for i in range(60))
    assert whole.count(squeeze("Attended; designated for 3.00 AMA PRA Category 1 Credits™")) == 60
    assert all(
        f"Page {i} of {len(pages)}" in page and "Ruth Castellanos, RN · transcript LT-26" in page
        for i, page in enumerate(pages, 1)
    )
    assert all("Activity" in page for page in pages[:-1])


def test_transcript_without_rows_says_so() -> None:
    context = samples.transcript(0)
    assert "No credit in this period" in text(pdf.render("pdf/transcript.html", context, title="Transcript"))


@pytest.mark.parametrize("kind", ["200 letters", "200 wide letters without a space", "markup", "Chinese, 200"])
def test_hostile_name_on_a_transcript(kind: str) -> None:
    data = pdf.render("pdf/transcript.html", samples.transcript(2, name=NAMES[kind]), title="Transcript")
    assert len(reader(data).pages) == 1
    assert squeeze(NAMES[kind]) in squeeze(text(data))
    assert all(x >= 0.6 * 72 for _piece, x, _y in placed(data))


def test_context_is_plain_json() -> None:
    for context in (samples.physician(), samples.attendance(), samples.series(), samples.transcript()):
        assert json.loads(json.dumps(context)) == context
