"""Pictures that people give us for documents, written anew from what is known to be harmless.

An SVG keeps plain shapes and nothing else: every element, attribute and value is on a list, the file is built again from
them, and whatever could run, load, or grow is refused with a sentence. A PNG is decoded and encoded again.
"""

import io
import math
import re
import zlib
from dataclasses import dataclass
from xml.etree import ElementTree

SVG_NS = "http://www.w3.org/2000/svg"
XLINK = "{http://www.w3.org/1999/xlink}href"
MOST_BYTES = 300_000
MOST_ELEMENTS, MOST_USES, DEEPEST = 3000, 500, 30
MOST_DRAWN = 20_000  # elements once every `use` is followed
PNG_BYTES, PNG_SIDE, PNG_KEPT = 5_000_000, 6000, 700
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

_SHAPES = {
    "path": {"d"},
    "rect": {"x", "y", "width", "height", "rx", "ry"},
    "circle": {"cx", "cy", "r"},
    "ellipse": {"cx", "cy", "rx", "ry"},
    "line": {"x1", "y1", "x2", "y2"},
    "polyline": {"points"},
    "polygon": {"points"},
    "use": {"x", "y"},
    "g": set(),
    "defs": set(),
}
# What drawing programs leave in a file and nobody sees.
_DROPPED = {"title", "desc", "metadata", "namedview", "guide", "grid"}
_REFUSED = {
    "script": "a script", "foreignObject": "foreign content", "image": "a picture inside it", "text": "text that is not outlined",
    "tspan": "text that is not outlined", "textPath": "text that is not outlined", "style": "a style sheet", "a": "a link",
    "linearGradient": "a gradient", "radialGradient": "a gradient", "pattern": "a pattern", "filter": "a filter", "mask": "a mask",
    "clipPath": "a clipping path", "symbol": "a symbol", "marker": "a marker", "switch": "a switch", "animate": "an animation",
    "animateTransform": "an animation", "animateMotion": "an animation", "set": "an animation", "iframe": "foreign content",
}  # fmt: skip
# Possessive throughout: a long row of digits has one reading, or a hostile file would be read in ever more ways.
_NUMBER = r"(?>[+-]?(?:\d++\.?+\d*+|\.\d++)(?:[eE][+-]?\d{1,3})?+)"
_LENGTH = re.compile(rf"({_NUMBER})(px)?\s*+")
_NUMBERS = re.compile(rf"\s*+(?:{_NUMBER}[\s,]*+)*+")
_PATH = re.compile(rf"(?:[MmZzLlHhVvCcSsQqTtAa\s,]++|{_NUMBER})*+")
_TRANSFORM = re.compile(
    rf"\s*+(?:(?:matrix|translate|scale|rotate|skewX|skewY)\s*+\(\s*+(?:{_NUMBER}[\s,]*+){{1,6}}+\)[\s,]*+)*+"
)
_HEX = re.compile(r"#(?:[0-9a-fA-F]{3}){1,2}")
_RGB = re.compile(r"rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)")
_NAMED = {
    "none": "none", "black": "#000000", "white": "#ffffff", "gray": "#808080", "grey": "#808080", "silver": "#c0c0c0", "red": "#ff0000",
    "maroon": "#800000", "navy": "#000080", "blue": "#0000ff", "green": "#008000", "teal": "#008080", "olive": "#808000",
    "gold": "#ffd700", "purple": "#800080",
}  # fmt: skip
_WORDS = {
    "fill-rule": {"nonzero", "evenodd"},
    "stroke-linecap": {"butt", "round", "square"},
    "stroke-linejoin": {"miter", "round", "bevel"},
}
_COLORS, _AMOUNTS = {"fill", "stroke"}, {"stroke-width", "stroke-miterlimit", "stroke-dashoffset"}
# Properties that change what is seen and that a document cannot print; with their harmless value they are left out.
_PLAIN = {
    "opacity": {"1"}, "fill-opacity": {"1"}, "stroke-opacity": {"1"}, "display": {"inline", "block"}, "visibility": {"visible"},
    "filter": {"none"}, "mask": {"none"}, "clip-path": {"none"}, "mix-blend-mode": {"normal"},
}  # fmt: skip
_HREF = re.compile(r"#[A-Za-z_][\w.:-]{0,99}")
_ID = re.compile(r"[A-Za-z_][\w.:-]{0,99}")


class ArtworkError(Exception):
    """The picture cannot be used; the message says what to change."""


@dataclass(frozen=True)
class Artwork:
    """A picture as it will be kept: its bytes, written by us, and its size in its own units."""

    kind: str
    content: bytes
    width: float
    height: float


def clean(source: bytes) -> Artwork:
    """An SVG or a PNG, written anew. Raises ArtworkError with a sentence that says what to change."""
    if source.startswith(PNG_SIGNATURE):
        return _png(source)
    return _svg(source)


# --- PNG ---------------------------------------------------------------------------------------------------


def _png(source: bytes) -> Artwork:
    from PIL import Image, UnidentifiedImageError

    if len(source) > PNG_BYTES:
        raise ArtworkError("The picture is larger than 5 MB. Save it smaller, and choose it again.")
    # The size stands in the first chunk; nothing is unpacked before it is known to be small enough.
    if len(source) < 33 or source[12:16] != b"IHDR":
        raise ArtworkError("This is no whole PNG file. Save it again, and choose it again.")
    if not _is_whole(source):
        raise ArtworkError("This is no whole PNG file. Save it again, and choose it again.")
    width, height = int.from_bytes(source[16:20], "big"), int.from_bytes(source[20:24], "big")
    if not (0 < width <= PNG_SIDE and 0 < height <= PNG_SIDE):
        raise ArtworkError("The picture has more than 6,000 pixels on a side. Save it smaller, and choose it again.")
    try:
        with Image.open(io.BytesIO(source), formats=["PNG"]) as opened:
            if getattr(opened, "n_frames", 1) != 1:
                raise ArtworkError("The picture moves. Save one image of it, and choose it again.")
            picture = opened.convert("RGBA")
    except (OSError, SyntaxError, ValueError, UnidentifiedImageError) as error:
        raise ArtworkError("This is no whole PNG file. Save it again, and choose it again.") from error
    picture.thumbnail((PNG_KEPT, PNG_KEPT))
    alpha = picture.getchannel("A")
    if alpha.getextrema()[1] == 0:
        raise ArtworkError("The picture is empty: all of it is transparent.")
    kept = picture.convert("RGB") if alpha.getextrema() == (255, 255) else picture
    out = io.BytesIO()
    kept.save(out, format="PNG", optimize=True)
    return Artwork("png", out.getvalue(), *map(float, kept.size))


def _is_whole(source: bytes) -> bool:
    """Chunk after chunk to the last, each with its sum: the PDF engine tells the decoder to make do with less."""
    at = len(PNG_SIGNATURE)
    while at + 12 <= len(source):
        end = at + 8 + int.from_bytes(source[at : at + 4], "big")
        if source[end : end + 4] != zlib.crc32(source[at + 4 : end]).to_bytes(4, "big"):
            return False
        if source[at + 4 : at + 8] == b"IEND":
            return end + 4 == len(source)
        at = end + 4
    return False


# --- SVG ---------------------------------------------------------------------------------------------------


def _svg(source: bytes) -> Artwork:
    if len(source) > MOST_BYTES:
        raise ArtworkError("The drawing is larger than 300 KB. Simplify its paths, and choose it again.")
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ArtworkError(
            "This is neither a PNG nor an SVG file in UTF-8. Save it again, and choose it again."
        ) from None
    if re.search(r"<!(ENTITY|ATTLIST|ELEMENT)", text, re.I):
        raise ArtworkError("The drawing declares entities. Save it as plain SVG, and choose it again.")
    text = re.sub(r"^\s*<\?xml\s[^>]*\?>", "", text)
    text = re.sub(r"<!DOCTYPE[^\[>]*>", "", text, count=1)
    if "<!DOCTYPE" in text or "<?" in text:
        raise ArtworkError("The drawing holds processing instructions. Save it as plain SVG, and choose it again.")
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - no entities are left, and expat limits the rest
    except ElementTree.ParseError as error:
        raise ArtworkError(
            "This is no SVG file that can be read. Save it as plain SVG, and choose it again."
        ) from error
    if root.tag != f"{{{SVG_NS}}}svg":
        raise ArtworkError("This is no SVG file. Save it as plain SVG, and choose it again.")
    left, top, width, height = _box(root)
    builder = _Builder()
    made = ElementTree.Element("svg", {"xmlns": SVG_NS, "viewBox": f"{left:g} {top:g} {width:g} {height:g}"})
    made.attrib |= {"width": f"{width:g}", "height": f"{height:g}"} | builder.look_of(root)
    builder.copy_children(root, made, 1)
    builder.check_uses(made)
    if not builder.shapes:
        raise ArtworkError("The drawing is empty: it has no shape that can be printed.")
    return Artwork("svg", ElementTree.tostring(made, encoding="unicode").encode(), width, height)


def _box(root: ElementTree.Element) -> tuple[float, float, float, float]:
    """The part of the plane that is shown: the viewBox, or from the origin to width and height."""
    if view := root.get("viewBox"):
        found = [float(n) for n in re.findall(_NUMBER, view)] if _NUMBERS.fullmatch(view) else []
    else:
        sizes = [_LENGTH.fullmatch(root.get(name, "")) for name in ("width", "height")]
        found = [0.0, 0.0, *(float(s[1]) for s in sizes if s)]
    if len(found) != 4 or not all(map(math.isfinite, found)) or not all(0.1 <= n <= 1e5 for n in found[2:]):
        raise ArtworkError("The drawing does not say how large it is. Give it a viewBox, and choose it again.")
    if not 0.05 <= found[2] / found[3] <= 20:
        raise ArtworkError("The drawing is much too long or too narrow. Cut it to its content, and choose it again.")
    return found[0], found[1], found[2], found[3]


class _Builder:
    """Copies what is on the lists."""

    def __init__(self) -> None:
        self.count = self.shapes = 0

    def copy_children(self, source: ElementTree.Element, made: ElementTree.Element, depth: int) -> None:
        if depth > DEEPEST:
            raise ArtworkError("The drawing is nested too deeply. Save it as plain SVG, and choose it again.")
        for child in source:
            space, _brace, name = str(child.tag).rpartition("}")
            if space != f"{{{SVG_NS}" or name in _DROPPED:
                if space == f"{{{SVG_NS}" or name in _DROPPED or "http://www.w3.org/" not in space:
                    continue  # notes of the program that drew it
                raise ArtworkError("The drawing holds foreign content. Save it as plain SVG, and choose it again.")
            if name not in _SHAPES:
                what = _REFUSED.get(name, f"“{name[:40]}”")
                raise ArtworkError(f"The drawing holds {what}. Only plain filled and stroked paths can be printed.")
            self.count += 1
            if self.count > MOST_ELEMENTS:
                raise ArtworkError("The drawing has more than 3,000 parts. Simplify it, and choose it again.")
            copy = ElementTree.SubElement(made, name, self._geometry(child, name) | self.look_of(child))
            if name in {"g", "defs"}:
                self.copy_children(child, copy, depth + 1)
            else:
                self.shapes += 1

    def _geometry(self, element: ElementTree.Element, name: str) -> dict[str, str]:
        kept: dict[str, str] = {}
        for key, value in element.attrib.items():
            if key == "id" and _ID.fullmatch(value):
                kept["id"] = value
            elif key in {"href", XLINK} and name == "use":
                if not _HREF.fullmatch(value):
                    raise ArtworkError("The drawing refers to another file. Everything must be inside it.")
                kept["href"] = value
            elif key == "transform":
                kept[key] = _matched(_TRANSFORM, value, key)
            elif key in _SHAPES[name]:
                pattern = _PATH if key == "d" else _NUMBERS if key == "points" else _LENGTH
                kept[key] = _matched(pattern, value.strip(), key)
        if name == "use" and "href" not in kept:
            raise ArtworkError("The drawing uses a part that it does not name.")
        return kept

    def look_of(self, element: ElementTree.Element) -> dict[str, str]:
        """Fill and stroke, from attributes and from `style`, whose properties win."""
        wanted = {key: value for key, value in element.attrib.items() if not key.startswith("{")}
        for declaration in element.get("style", "").split(";"):
            key, _colon, value = declaration.partition(":")
            wanted[key.strip().lower()] = value.replace("!important", "").strip()
        kept: dict[str, str] = {}
        for key, value in wanted.items():
            if key.lower().startswith("on"):
                raise ArtworkError("The drawing holds a script. Only plain filled and stroked paths can be printed.")
            if key in _COLORS:
                kept[key] = _color(value)
            elif key in _WORDS:
                if value not in _WORDS[key]:
                    raise ArtworkError(f"The drawing has a value that cannot be printed: {key} “{value[:40]}”.")
                kept[key] = value
            elif key in _AMOUNTS:
                kept[key] = _matched(_LENGTH, value, key)
            elif key == "stroke-dasharray" and value != "none":
                kept[key] = _matched(_NUMBERS, value.replace("px", ""), key)
            elif key in _PLAIN and value not in _PLAIN[key]:
                raise ArtworkError(f"The drawing uses {key}, which cannot be printed. Flatten it, and choose it again.")
        return kept

    def check_uses(self, made: ElementTree.Element) -> None:
        """Every `use` means a part of this drawing; what they draw together stays small, and none draws itself."""
        parts = {element.get("id"): element for element in made.iter() if element.get("id")}
        if sum(1 for _ in made.iter("use")) > MOST_USES:
            raise ArtworkError("The drawing repeats its parts too often. Simplify it, and choose it again.")
        drawn: dict[int, int] = {}

        def size(element: ElementTree.Element, open_: frozenset[int]) -> int:
            if id(element) in open_:
                raise ArtworkError("A part of the drawing uses itself. Save it as plain SVG, and choose it again.")
            if id(element) not in drawn:
                inside = open_ | {id(element)}
                total = 1 + sum(size(child, inside) for child in element)
                if element.tag == "use":
                    target = parts.get(element.attrib["href"][1:])
                    if target is None:
                        raise ArtworkError("The drawing uses a part that is not in it.")
                    total += size(target, inside)
                drawn[id(element)] = total
            return drawn[id(element)]

        if size(made, frozenset()) > MOST_DRAWN:
            raise ArtworkError("The drawing repeats its parts too often. Simplify it, and choose it again.")


def _matched(pattern: re.Pattern[str], value: str, name: str) -> str:
    if not pattern.fullmatch(value):
        raise ArtworkError(f"The drawing has a value that cannot be read: {name} “{value[:40]}”.")
    return value


def _color(value: str) -> str:
    value = value.strip().lower()
    if _HEX.fullmatch(value):
        return value
    if value in _NAMED:
        return _NAMED[value]
    if found := _RGB.fullmatch(value):
        return "#" + "".join(f"{min(int(part), 255):02x}" for part in found.groups())
    raise ArtworkError(
        f"The drawing has a color that cannot be printed: “{value[:40]}”. Use plain colors such as #0a5469."
    )


# --- colors ------------------------------------------------------------------------------------------------


def is_color(text: str) -> bool:
    """Whether a text is a color as it is kept: #0a5469."""
    return re.fullmatch(r"#[0-9a-f]{6}", text) is not None


def contrast(one: str, other: str = "#ffffff") -> float:
    """The WCAG 2 contrast of two colors written #rrggbb."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(color: str) -> float:
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def mixed(color: str, share: float, with_: str = "#ffffff") -> str:
    """A color thinned: `share` of it on the other."""
    pairs = zip((1, 3, 5), (1, 3, 5), strict=True)
    return "#" + "".join(
        f"{round(int(color[a : a + 2], 16) * share + int(with_[b : b + 2], 16) * (1 - share)):02x}" for a, b in pairs
    )
