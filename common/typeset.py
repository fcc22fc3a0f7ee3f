"""How wide text is, where its lines break and which size fits: decided in Python before WeasyPrint lays out a page."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

FONT_DIR = Path(__file__).resolve().parent.parent / "static" / "fonts" / "print"
FACES = {
    "serif": "source-serif-4-400.ttf",
    "serif-600": "source-serif-4-600.ttf",
    "serif-italic": "source-serif-4-400-italic.ttf",
    "sans": "public-sans-400.ttf",
    "sans-600": "public-sans-600.ttf",
    "sans-italic": "public-sans-400-italic.ttf",
}
# Where a face has no glyph, print.css falls back to these before it asks the system.
NEXT_FACE = {"sans": "serif", "sans-600": "serif-600", "sans-italic": "serif-italic"}
IGNORABLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff]"
)
# Advances are summed without kerning: real text is a little narrower, rarely wider.
SAFETY = 1.015


@dataclass(frozen=True, slots=True)
class Face:
    """Advance widths of one committed font, by code point, in font units."""

    units: int
    advances: dict[int, int]


@cache
def face(name: str) -> Face:
    from fontTools.ttLib import TTFont

    with TTFont(FONT_DIR / FACES[name], lazy=True) as font:
        metrics = font["hmtx"].metrics
        return Face(font["head"].unitsPerEm, {code: metrics[glyph][0] for code, glyph in font.getBestCmap().items()})


@cache
def outline(char: str, name: str) -> str:
    """SVG path of one glyph, in font units, y up."""
    from fontTools.pens.svgPathPen import SVGPathPen
    from fontTools.ttLib import TTFont

    with TTFont(FONT_DIR / FACES[name]) as font:
        pen = SVGPathPen(font.getGlyphSet(), ntos=lambda value: f"{value:.0f}")
        font.getGlyphSet()[font.getBestCmap()[ord(char)]].draw(pen)
    return str(pen.getCommands())


def covered(text: str) -> bool:
    """Whether our own fonts have every visible character of the text."""
    have = face("serif").advances
    return all(ord(char) in have or not visible(char) for char in text)


def visible(char: str) -> bool:
    """Whether a character leaves ink."""
    return not (char.isspace() or IGNORABLE.match(char) or unicodedata.category(char) in ("Cc", "Cf"))


def _foreign(char: str) -> float:
    """A generous guess, in ems, for a character that a system font will draw."""
    if unicodedata.category(char) in ("Mn", "Me") or not visible(char):
        return 0.0
    if unicodedata.east_asian_width(char) in ("W", "F"):
        return 1.3 if ord(char) > 0x1F000 else 1.0
    if ord(char) > 0x1F000 or char == "\ufdfd":
        return 1.4
    return 0.65 if unicodedata.bidirectional(char) in ("R", "AL") else 0.85


def width(text: str, name: str, size: float) -> float:
    """Width of a line in the unit of ``size``."""
    total = 0.0
    first = face(name)
    second = face(NEXT_FACE[name]) if name in NEXT_FACE else None
    for char in text:
        code = ord(char)
        if code in first.advances:
            total += first.advances[code] / first.units
        elif second and code in second.advances:
            total += second.advances[code] / second.units
        else:
            total += _foreign(char)
    return total * size


def _breakable(char: str) -> bool:
    return unicodedata.east_asian_width(char) in ("W", "F") and not unicodedata.combining(char)


def _clusters(word: str) -> list[str]:
    """Pieces a long word may be cut between: a base with its marks, joined emoji kept whole."""
    pieces: list[str] = []
    for char in word:
        joined = pieces and (
            unicodedata.category(char) in ("Mn", "Me", "Mc")
            or IGNORABLE.match(char)
            or pieces[-1].endswith("\u200d")
            or 0x1F3FB <= ord(char) <= 0x1F3FF
        )
        if joined:
            pieces[-1] += char
        else:
            pieces.append(char)
    return pieces


def atoms(text: str, name: str, limit: float) -> list[tuple[str, str]]:
    """Unbreakable pieces with the space before each, none wider than ``limit`` ems."""
    found: list[tuple[str, str]] = []
    for word in text.split():
        gap = " " if found else ""
        for piece in re.findall(r"[^-‐–—/]+[-‐–—/]*|[-‐–—/]+", word) if len(word) > 3 else [word]:
            if width(piece, name, 1) <= limit and not any(map(_breakable, piece)):
                found.append((gap, piece))
                gap = ""
                continue
            anywhere = width(piece, name, 1) > limit
            part = ""
            for cluster in _clusters(piece):
                if part and (anywhere or _breakable(cluster[0]) or _breakable(part[-1])):
                    found.append((gap, part))
                    gap, part = "", ""
                part += cluster
            if part:
                found.append((gap, part))
                gap = ""
    return found


def _greedy(pieces: Sequence[tuple[str, float, float]], limit: float) -> list[int]:
    """Index of the first piece of each line."""
    starts, used = [0], 0.0
    for i, (_text, gap, length) in enumerate(pieces):
        if i > starts[-1] and used + gap + length > limit:
            starts.append(i)
            used = length
        else:
            used += length + (gap if i > starts[-1] else 0)
    return starts


def balance(text: str, name: str, size: float, limit: float) -> list[str]:
    """The fewest lines that fit, then as even as they get; the first line is rather the longer one."""
    ems = limit / size / SAFETY
    raw = atoms(text, name, ems)
    if not raw:
        return []
    pieces = [(gap + piece, width(gap, name, 1), width(piece, name, 1)) for gap, piece in raw]
    count = len(_greedy(pieces, ems))
    if count > 1:
        low, high = ems / count * 0.5, ems
        for _ in range(12):
            middle = (low + high) / 2
            low, high = (low, middle) if len(_greedy(pieces, middle)) <= count else (middle, high)
        ems = high
    starts = [*_greedy(pieces, ems), len(pieces)]
    return ["".join(piece[0] for piece in pieces[a:b]).strip() for a, b in pairwise(starts)]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A text set in lines, in points."""

    size: float
    lines: list[str]
    height: float
    direction: str = "ltr"


def direction(text: str) -> str:
    """The direction of the first strong character."""
    for char in text:
        kind = unicodedata.bidirectional(char)
        if kind in ("R", "AL"):
            return "rtl"
        if kind == "L":
            return "ltr"
    return "ltr"


def fit(text: str, name: str, *, limit: float, sizes: Sequence[float], lines: int, leading: float = 1.2) -> Fitted:
    """The largest of the sizes at which the text takes at most ``lines`` lines; else the last size, however many lines that takes."""
    found: list[str] = []
    size = sizes[0]
    for size in sizes:
        found = balance(text, name, size, limit)
        if len(found) <= lines:
            break
    return Fitted(size, found, size * leading * len(found), direction(text))


Run = dict[str, str]
RUN_FACE = {"": "", "mark": "-italic", "strong": "-600"}


def run_lines(runs: Sequence[Run], family: str, size: float, limit: float) -> int:
    """How many lines a paragraph of styled runs takes when set ragged."""
    pieces: list[tuple[str, float, float]] = []
    ems = limit / size / SAFETY
    for run in runs:
        name = family + RUN_FACE.get(run.get("style", ""), "")
        text = run["text"] + ("™" if run.get("style") == "mark" else "")
        lead = " " if text[:1].isspace() else ""
        for i, (gap, piece) in enumerate(atoms(text, name, ems)):
            space = gap or (lead if i == 0 else "")
            if not space and pieces and i == 0 and not piece[0].isalnum():
                text_, gap_, length_ = pieces.pop()
                pieces.append((text_ + piece, gap_, length_ + width(piece, name, 1)))
            else:
                pieces.append((space + piece, width(" ", name, 1) if space or i == 0 else 0, width(piece, name, 1)))
    return len(_greedy(pieces, ems)) if pieces else 0


INCH = 72.0


@dataclass(frozen=True, slots=True)
class Style:
    """How one kind of line of a certificate is set; sizes and spaces in points.

    ``tries`` are (line width, lines, largest, smallest), the first that holds the text wins.
    """

    name: str
    leading: float
    before: float
    after: float
    tries: tuple[tuple[float, int, float, float], ...]


FULL = 8.6 * INCH
STYLES = {
    "heading": Style("sans-600", 1.3, 0, 5, ((8 * INCH, 1, 10.5, 8), (8 * INCH, 2, 8, 7))),
    "org": Style("serif-600", 1.3, 0, 0, ((8 * INCH, 1, 15.5, 13), (8 * INCH, 2, 14, 10), (8 * INCH, 3, 11, 9))),
    "lead": Style("serif", 1.4, 0, 0, ((8 * INCH, 1, 12.5, 11), (8 * INCH, 2, 12, 9))),
    "name": Style(
        "serif-600", 1.12, 6.5, 9.4, ((FULL, 1, 38, 29), (FULL, 2, 34, 20), (FULL, 3, 24, 15), (FULL, 5, 17, 11))
    ),
    "text": Style("serif", 1.4, 0, 0, ((8 * INCH, 1, 12.5, 11.5), (7 * INCH, 2, 12.5, 10.5), (8.2 * INCH, 3, 11, 9))),
    "title": Style(
        "serif-600",
        1.22,
        5,
        6.5,
        ((5.7 * INCH, 2, 18, 16.5), (8 * INCH, 2, 18, 14), (8.4 * INCH, 3, 15, 11), (8.4 * INCH, 4, 12, 9)),
    ),
    "credit": Style("serif", 1.25, 4.3, 0, ((FULL, 1, 22, 14), (FULL, 2, 16, 10), (FULL, 3, 12, 9))),
    "designation": Style("serif", 1.4, 7.2, 0, ((FULL, 1, 14, 11), (FULL, 2, 13, 9))),
}
TOP, FLOOR = 2.5 * INCH, 7.64 * INCH
BASE_GAP = 0.2 * INCH
NO_HEAD, EMPTY_HEAD = ("nothing",), 1.0 * INCH


# The foot of a certificate in its usual order; print.css has its places.
FOOT = ("sign", "statement", "check")
SIDE, SIGN_WIDTH, CHECK_WIDTH = 0.98 * INCH, 2.66 * INCH, 2.5 * INCH


@dataclass(frozen=True, slots=True)
class Block:
    """One line of a certificate's sentence, ready to print."""

    kind: str
    runs: Sequence[Run]
    lines: list[str]
    size: float
    before: float
    after: float
    leading: float
    direction: str
    height: float

    @property
    def css(self) -> str:
        return f"font-size:{self.size:g}pt;line-height:{self.leading:g};margin:{self.before:.1f}pt 0 {self.after:.1f}pt"


@dataclass(frozen=True, slots=True)
class Certificate:
    """Sizes and places that depend on how long the texts of a certificate are."""

    blocks: list[Block]
    top: float
    statement_size: float
    statement_width: float
    used: float
    room: float
    foot: tuple[str, ...] = FOOT

    @property
    def statement_css(self) -> str:
        left = (11 * INCH - self.statement_width) / 2 if self.foot == FOOT else self._left("statement")
        align = (
            "" if self.foot[1] == "statement" else f";text-align:{'left' if self.foot[0] == 'statement' else 'right'}"
        )
        return f"left:{left:.1f}pt;width:{self.statement_width:.1f}pt;font-size:{self.statement_size:g}pt{align}"

    @property
    def sign_css(self) -> str:
        return "" if self.foot == FOOT else f"left:{self._left('sign'):.1f}pt"

    @property
    def check_css(self) -> str:
        return "" if self.foot == FOOT else f"left:{self._left('check'):.1f}pt"

    def _left(self, block: str) -> float:
        """Where a block of the foot begins: side by side between the margins, with equal gaps."""
        widths = {"sign": SIGN_WIDTH, "check": CHECK_WIDTH, "statement": self.statement_width}
        gap = (11 * INCH - 2 * SIDE - sum(widths.values())) / 2
        before = self.foot[: self.foot.index(block)]
        return SIDE + sum(widths[name] + gap for name in before)


def plain(runs: Sequence[Run]) -> str:
    return "".join(run["text"] for run in runs)


def _block(part: dict[str, Any], scale: float) -> Block:
    kind = part["kind"] if part["kind"] in STYLES else "text"
    style, runs = STYLES[kind], part["runs"]
    text = plain(runs)
    styled = any(run.get("style") for run in runs)
    lines: list[str] = []
    size, count = style.tries[0][2], 1
    for limit, most, largest, smallest in style.tries:
        for size in _steps(largest * scale, smallest * scale):
            if styled:
                count = run_lines(runs, "serif", size, limit)
            else:
                lines = balance(text, style.name, size, limit)
                count = len(lines)
            if count <= most:
                break
        else:
            continue
        break
    space = min(1.0, scale + 0.1)
    height = size * style.leading * count + (style.before + style.after) * space
    return Block(
        kind, runs, lines, size, style.before * space, style.after * space, style.leading, direction(text), height
    )


def _steps(largest: float, smallest: float) -> list[float]:
    """Half points from large to small, each about a tenth less: few sizes, so that fonts and caches are shared."""
    sizes, size = [], largest
    while size > smallest:
        sizes.append(max(round(size * 2) / 2, 6.0))
        size *= 0.92
    return [*dict.fromkeys(sizes), max(round(smallest * 2) / 2, 6.0)]


def certificate(context: dict[str, Any]) -> Certificate:
    """Choose every size of a certificate so that it fills one page and nothing meets the frame."""
    statements = context.get("statements", [])
    statement_size, statement_width, deep = 8.0, 3.04 * INCH, 0.0
    for statement_size, statement_width in (
        (8.0, 3.04 * INCH),
        (7.5, 3.2 * INCH),
        (7.0, 3.3 * INCH),
        (6.5, 3.4 * INCH),
        (6.0, 3.4 * INCH),
    ):
        lines = sum(run_lines(one, "sans", statement_size, statement_width) for one in statements) + 1
        deep = lines * statement_size * 1.45 + 3 * len(statements)
        if deep <= 1.2 * INCH:
            break
    base = max(deep, 1.0 * INCH)
    start = TOP - EMPTY_HEAD if context.get("head") == NO_HEAD else TOP
    room = FLOOR - base - BASE_GAP - start
    parts = [
        *([{"kind": "heading", "runs": [{"text": context["heading"], "style": ""}]}] if context.get("heading") else []),
        *context["sentence"],
    ]
    blocks: list[Block] = []
    used = 0.0
    for scale in (1, 0.93, 0.86, 0.79, 0.72, 0.66, 0.6, 0.54, 0.48):
        blocks = [_block(part, scale) for part in parts]
        used = sum(block.height for block in blocks)
        if used <= room:
            break
    top = start + max(0.0, room - used) * 0.12
    foot = tuple(context.get("foot") or FOOT)
    return Certificate(blocks, top, statement_size, statement_width, used, room, foot)
