"""Pictures that the office uploads: plain shapes pass, written anew; whatever could run, load or grow is refused."""

import io
import struct
import time
import zlib

import pytest
from PIL import Image

from common import artwork

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 20 10">'


def svg(body: str, head: str = HEAD) -> bytes:
    return f"{head}{body}</svg>".encode()


def cleaned(body: str) -> str:
    return artwork.clean(svg(body)).content.decode()


def test_plain_shapes_pass_and_are_written_anew() -> None:
    found = artwork.clean(
        svg(
            "<!-- made with love --><title>Seal</title><metadata><x/></metadata>"
            '<defs><path id="a" d="M0 0h9v9z"/></defs><g transform="translate(1 2)" fill="#0a5469" data-x="1" class="c">'
            '<use xlink:href="#a" x="1"/><circle cx="5" cy="5" r="3px" style="fill: rgb(10, 84, 105); stroke:none; -inkscape-x: 1"/></g>'
        )
    )
    assert (found.kind, found.width, found.height) == ("svg", 20.0, 10.0)
    assert found.content.decode() == (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 10" width="20" height="10"><defs><path d="M0 0h9v9z" id="a" /></defs>'
        '<g transform="translate(1 2)" fill="#0a5469"><use href="#a" x="1" /><circle cx="5" cy="5" r="3px" fill="#0a5469" stroke="none" /></g></svg>'
    ).replace(' d="M0 0h9v9z" id="a"', ' id="a" d="M0 0h9v9z"')


def test_cleaning_twice_changes_nothing() -> None:
    once = artwork.clean(svg('<g stroke="navy"><path d="M0 0L9.5,9.5e0"/></g>')).content
    assert artwork.clean(once).content == once


SHAPE = '<path d="M0 0h1v1z"/>'


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("<script>alert(1)</script>", "a script"),
        ('<path d="M0 0h1v1z" onclick="alert(1)"/>', "a script"),
        ('<path d="M0 0h1v1z" ONLOAD="alert(1)"/>', "a script"),
        ('<foreignObject><body xmlns="http://www.w3.org/1999/xhtml"/></foreignObject>', "foreign content"),
        ('<image href="file:///etc/passwd"/>', "a picture inside it"),
        ("<text>Lakeshore</text>", "text that is not outlined"),
        ("<style>path{fill:url(http://x)}</style>", "a style sheet"),
        ('<a href="javascript:alert(1)"><path d="M0 0"/></a>', "a link"),
        ('<linearGradient id="g"/>', "a gradient"),
        ('<filter id="f"/>', "a filter"),
        ('<animate attributeName="d"/>', "an animation"),
        ('<unheard-of/>', "“unheard-of”"),
        ('<html xmlns="http://www.w3.org/1999/xhtml"/>', "foreign content"),
        ('<use href="http://example.org/x.svg#a"/>', "refers to another file"),
        ('<use xlink:href="data:image/svg+xml,x"/>', "refers to another file"),
        ('<use href="#nowhere"/>', "a part that is not in it"),
        ('<path d="M0 0h1v1z" fill="url(#g)"/>', "a color that cannot be printed"),
        ('<path d="M0 0h1v1z" style="fill:url(javascript:x)"/>', "a color that cannot be printed"),
        ('<path d="M0 0h1v1z" opacity=".5"/>', "uses opacity"),
        ('<path d="M0 0h1v1z" style="mask:url(#m)"/>', "uses mask"),
        ('<path d="M0 0 alert(1)"/>', "a value that cannot be read: d"),
        ('<circle cx="5" cy="5" r="calc(1px)"/>', "a value that cannot be read: r"),
        ('<g transform="expression(1)"><path d="M0 0"/></g>', "a value that cannot be read: transform"),
        ('<g id="a"><use href="#a"/></g>', "uses itself"),
        ("", "no shape that can be printed"),
    ],
)  # fmt: skip
def test_what_is_not_on_the_list_is_refused_with_a_sentence(body: str, sentence: str) -> None:
    with pytest.raises(artwork.ArtworkError, match=sentence):
        artwork.clean(svg(body))


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (b"", "no SVG file"),
        (b"GIF89a", "no SVG file"),
        (b"\xff\xfe<\x00s\x00", "neither a PNG nor an SVG"),
        (b'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg xmlns="http://www.w3.org/2000/svg"/>', "declares entities"),
        (b'<!DOCTYPE svg [<!entity % x "y">]><svg/>', "declares entities"),
        (b'<?xml-stylesheet href="http://x"?><svg xmlns="http://www.w3.org/2000/svg"/>', "processing instructions"),
        (b"<html><body/></html>", "no SVG file"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>', "how large it is"),
        (svg(SHAPE, HEAD.replace("0 0 20 10", "0 0 99999 1")), "too long or too narrow"),
        (svg(SHAPE, HEAD.replace("0 0 20 10", "0 0 1e999 1")), "how large it is"),
        (svg("<path d='M0 0'/>" * 3001), "more than 3,000 parts"),
        (svg("<g>" * 40 + SHAPE + "</g>" * 40), "nested too deeply"),
        (svg("<path d='M0 0" + " 1" * 160_000 + "'/>"), "larger than 300 KB"),
    ],
)  # fmt: skip
def test_what_is_no_small_drawing_is_refused(source: bytes, sentence: str) -> None:
    with pytest.raises(artwork.ArtworkError, match=sentence):
        artwork.clean(source)


def test_a_laugh_that_grows_is_refused_before_it_is_drawn() -> None:
    layers = "".join(
        f'<g id="l{i}">' + f'<use href="#l{i - 1}"/>' * 10 + "</g>" if i else f'<g id="l0">{SHAPE}</g>'
        for i in range(12)
    )
    began = time.process_time()
    with pytest.raises(artwork.ArtworkError, match="repeats its parts too often"):
        artwork.clean(svg(f"<defs>{layers}</defs><use href='#l11'/>"))
    assert time.process_time() - began < 2


@pytest.mark.parametrize("value", ["1" * 60_000 + "x", "M" + "1 " * 40_000 + "x", "-" * 60_000])
def test_hostile_numbers_take_no_time(value: str) -> None:
    began = time.process_time()
    with pytest.raises(artwork.ArtworkError):
        artwork.clean(svg(f'<path d="{value}"/>'))
    assert time.process_time() - began < 2


# --- PNG ---------------------------------------------------------------------------------------------------


def png(width: int = 40, height: int = 20, color: tuple[int, ...] = (10, 84, 105, 128), **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGBA", (width, height), color).save(out, format="PNG", **options)
    return out.getvalue()


def test_a_png_is_encoded_anew_without_what_it_carried() -> None:
    from PIL.PngImagePlugin import PngInfo

    note = PngInfo()
    note.add_text("Comment", "<script>alert(1)</script>")
    found = artwork.clean(png(1400, 700, pnginfo=note))
    assert (found.kind, found.width, found.height) == ("png", 700.0, 350.0)
    assert b"script" not in found.content
    assert Image.open(io.BytesIO(found.content)).mode == "RGBA"


def test_an_opaque_png_loses_its_transparency_channel() -> None:
    assert Image.open(io.BytesIO(artwork.clean(png(color=(1, 2, 3, 255))).content)).mode == "RGB"


def test_a_bomb_is_refused_by_its_first_bytes() -> None:
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 6, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    end = struct.pack(">I", 0) + b"IEND" + struct.pack(">I", zlib.crc32(b"IEND"))
    with pytest.raises(artwork.ArtworkError, match="more than 6,000 pixels"):
        artwork.clean(artwork.PNG_SIGNATURE + chunk + end)


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (png()[:60], "no whole PNG"),
        (artwork.PNG_SIGNATURE + b"x" * 100, "no whole PNG"),
        (png(color=(0, 0, 0, 0)), "all of it is transparent"),
    ],
)
def test_broken_and_empty_pngs_are_refused(source: bytes, sentence: str) -> None:
    with pytest.raises(artwork.ArtworkError, match=sentence):
        artwork.clean(source)


# --- colors ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("color", "ratio"), [("#000000", 21.0), ("#ffffff", 1.0), ("#767676", 4.54), ("#0a5469", 8.45), ("#ff0000", 4.0)]
)
def test_contrast_is_that_of_wcag(color: str, ratio: float) -> None:
    assert artwork.contrast(color) == pytest.approx(ratio, abs=0.005)


def test_colors_are_mixed_on_white() -> None:
    assert (artwork.mixed("#000000", 0.5), artwork.mixed("#0a5469", 1), artwork.mixed("#0a5469", 0)) == (
        "#808080",
        "#0a5469",
        "#ffffff",
    )
