"""Line breaks and sizes chosen in Python, and the QR code's pure functions."""

import io

import pytest
import segno
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from common import qr, typeset
from tests.pdf import samples

URL = "https://cme.lakeshore.example/verify/LS-26-7KQ4-MX2H-9TRW"
TEXT = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=120)


@settings(deadline=None, max_examples=150)
@given(text=TEXT, size=st.sampled_from([9.0, 18.0, 38.0]))
def test_balance_keeps_every_character_and_the_width(text: str, size: float) -> None:
    lines = typeset.balance(text, "serif-600", size, 400)
    assert "".join("".join(lines).split()) == "".join(text.split())
    for line in lines:
        assert typeset.width(line, "serif-600", size) <= 400.01 or len(typeset._clusters(line)) == 1


def test_balance_makes_two_even_lines() -> None:
    assert typeset.balance(samples.TITLE, "serif-600", 18, 410) == [
        "Sepsis in the First Hour: Recognition,",
        "Cultures, and Antibiotic Timing",
    ]


def test_width_is_the_font_own() -> None:
    narrow, wide = typeset.width("illi", "serif", 10), typeset.width("WWWW", "serif", 10)
    assert 0 < narrow < wide < 50
    assert typeset.width("", "serif", 10) == 0


def test_fit_takes_the_largest_size_that_holds() -> None:
    assert typeset.fit("Bo Li", "serif-600", limit=400, sizes=[38, 30, 20], lines=1).size == 38
    fitted = typeset.fit(
        "Elena R. Marchetti de la Fuente, MD, PhD, FACP", "serif-600", limit=600, sizes=[38, 30, 20], lines=1
    )
    assert (fitted.size, len(fitted.lines)) == (20, 1)
    assert len(typeset.fit("W" * 300, "serif-600", limit=600, sizes=[38, 20], lines=2).lines) > 2


@pytest.mark.parametrize(
    ("text", "direction"), [("Ann", "ltr"), ("محمد, MD", "rtl"), ("Dr. شير", "ltr"), ("123", "ltr"), ("", "ltr")]
)
def test_direction_follows_the_first_strong_character(text: str, direction: str) -> None:
    assert typeset.direction(text) == direction


@settings(deadline=None, max_examples=150)
@given(name=TEXT, title=st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=255))
def test_certificate_always_fits_its_room(name: str, title: str) -> None:
    layout = typeset.certificate(samples.titled(samples.physician(name), title))
    assert layout.used <= layout.room


def test_heading_stands_first_when_there_is_one() -> None:
    blocks = typeset.certificate(samples.physician(heading="Certificate of participation")).blocks
    assert [block.kind for block in blocks][:2] == ["heading", "org"]


def test_qr_path_and_png_draw_the_same_modules() -> None:
    rows = qr.matrix(URL)
    image = Image.open(io.BytesIO(qr.png(URL, scale=1, quiet=0))).convert("L")
    assert tuple(bytes(image.getpixel((x, y)) < 128 for x in range(len(rows))) for y in range(len(rows))) == rows
    drawn = [bytearray(len(rows)) for _ in rows]
    for x, y, n in qr.runs(rows):
        drawn[y][x : x + n] = b"\x01" * n
    assert tuple(map(bytes, drawn)) == rows
    assert qr.path(URL).count("M") == len(list(qr.runs(rows))) == qr.operators(URL).count(b" re")


def test_qr_is_a_standard_code() -> None:
    code = segno.make(URL, error="m", micro=False, boost_error=False)
    assert (qr.size(URL), code.version) == (33, 4)


def test_qr_svg_escapes_its_label() -> None:
    assert "<b>" not in qr.svg(URL, label='"<b>')
