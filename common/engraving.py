"""The line engraving of certificates and the placeholder seal: SVG made of sine curves, written by build_print_assets."""

from collections.abc import Iterable
from math import cos, pi, radians, sin

from common import typeset

INK, INK_SOFT, GROUND = "#0a5469", "#86b4c1", "#e3edf0"
SEAL_RING = "#7fb0bf"
# A half sine wave between two peaks is this cubic to within 1 % of its height.
PEAK = 0.3642

Point = tuple[float, float]


def _n(value: float) -> str:
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _curve(points: Iterable[Point]) -> str:
    return "C" + " ".join(f"{_n(x)} {_n(y)}" for x, y in points)


def wave(length: float, period: float, amplitude: float) -> str:
    """A cosine strand along the x axis, as one path."""
    half, x, y = period / 2, 0.0, amplitude
    path = [f"M0 {_n(y)}"]
    while x < length - 0.01:
        path.append(_curve(((x + PEAK * half, y), (x + (1 - PEAK) * half, -y), (x + half, -y))))
        x, y = x + half, -y
    return "".join(path)


def ring(radius: float, amplitude: float, petals: int, steps: int = 4) -> str:
    """r = radius + amplitude sin(petals θ) as a closed path of cubics around the origin."""

    def at(theta: float) -> tuple[Point, Point]:
        r, dr = radius + amplitude * sin(petals * theta), amplitude * petals * cos(petals * theta)
        c, s = cos(theta), sin(theta)
        return (r * c, r * s), (dr * c - r * s, dr * s + r * c)

    count = petals * steps
    h = 2 * pi / count / 3
    (px, py), (dx, dy) = at(0)
    path = [f"M{_n(px)} {_n(py)}"]
    for i in range(1, count + 1):
        (qx, qy), (ex, ey) = at(2 * pi * i / count)
        path.append(_curve(((px + dx * h, py + dy * h), (qx - ex * h, qy - ey * h), (qx, qy))))
        (px, py), (dx, dy) = (qx, qy), (ex, ey)
    return "".join(path) + "Z"


def _turns(id_: str, count: int, petals: int) -> str:
    """The same strand again, turned: identical operators compress to nothing in the PDF."""
    return "".join(f'<use href="#{id_}" transform="rotate({_n(360 / petals / count * i)})"/>' for i in range(count))


def _svg(width: float, height: float, body: str, *, title: str = "") -> str:
    name = f"<title>{title}</title>" if title else ""
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(width)} {_n(height)}" width="{_n(width)}" height="{_n(height)}">{name}{body}</svg>\n'


def guilloche(color: str = GROUND) -> str:
    """The rosette behind the text, around the origin, 190 in radius."""
    outer, inner = ring(150, 40, 16), ring(92, 34, 12)
    return (
        f'<defs><path id="go" d="{outer}"/><path id="gi" d="{inner}"/></defs>'
        f'<g fill="none" stroke="{color}" stroke-width=".7">{_turns("go", 8, 16)}{_turns("gi", 8, 12)}</g>'
    )


def frame(ink: str = INK, soft: str = INK_SOFT) -> str:
    """Two ruled lines with a woven band between them and a rosette in each corner, 1056 by 816."""
    period, strands = 914 / 33, 6
    across = wave(914 + 2 * period, period, 8)
    down_period = 674 / 24
    down = wave(674 + 2 * down_period, down_period, 8)
    # Strands begin up to a period early; the corner squares cover what sticks out.
    shifts = [1 + i / strands for i in range(strands)]
    places = [("fa", f"translate({_n(71 - period * shift)} {y})") for y in (45, 771) for shift in shifts]
    places += [
        ("fd", f"translate({x} {_n(71 - down_period * shift)}) rotate(90)") for x in (45, 1011) for shift in shifts
    ]
    bands = "".join(f'<use href="#{strand}" transform="{place}"/>' for strand, place in places)
    corners = "".join(
        f'<g transform="translate({x} {y})"><rect x="-26" y="-26" width="52" height="52" fill="#fff" stroke="{ink}" stroke-width="1.1"/>'
        f'<g fill="none" stroke="{ink}" stroke-width=".45">{_turns("fc", 6, 12)}</g></g>'
        for x in (45, 1011)
        for y in (45, 771)
    )
    return (
        f'<defs><path id="fa" d="{across}"/><path id="fd" d="{down}"/><path id="fc" d="{ring(13, 8, 12)}"/></defs>'
        f'<g fill="none" stroke="{soft}" stroke-width=".55">{bands}</g>'
        f'<rect x="34" y="34" width="988" height="748" fill="none" stroke="{ink}" stroke-width="1.4"/>'
        f'<rect x="56" y="56" width="944" height="704" fill="none" stroke="{ink}" stroke-width=".8"/>{corners}'
    )


def ground(
    *, border: bool = True, engraving: bool = True, ink: str = INK, soft: str = INK_SOFT, color: str = GROUND
) -> str:
    """All that lies behind the text of a certificate, in one drawing."""
    rosette = f'<g transform="translate(528 409) scale(1.152)">{guilloche(color)}</g>' if engraving else ""
    return _svg(1056, 816, rosette + (frame(ink, soft) if border else ""))


def _on_circle(text: str, *, size: float, radius: float, tracking: float, below: bool = False) -> str:
    """Letters as outlines along a circle around (100, 100): no text, so nothing depends on fonts."""
    advances = [typeset.width(char, "serif-600", size) + tracking for char in text]
    angle = -sum(advances) / radius / 2
    marks = []
    for char, advance in zip(text, advances, strict=True):
        middle = angle + advance / radius / 2
        turn = -middle if below else middle
        x = 100 + radius * sin(middle)
        y = 100 + radius * cos(middle) if below else 100 - radius * cos(middle)
        outline = typeset.outline(char, "serif-600")
        if outline:
            shift = -(advance - tracking) / 2
            scale = size / typeset.face("serif-600").units
            marks.append(
                f'<path transform="translate({_n(x)} {_n(y)}) rotate({_n(turn * 180 / pi)}) translate({_n(shift)} 0) scale({scale:.4f} {-scale:.4f})" d="{outline}"/>'
            )
        angle += advance / radius
    return "".join(marks)


def seal(
    above: str = "LAKESHORE UNIVERSITY",
    below: str = "SCHOOL OF MEDICINE",
    title: str = "Seal of Lakeshore University School of Medicine",
) -> str:
    """The placeholder seal of the invented school; a real school replaces the file."""
    water = "".join(
        f'<path d="M{x} {y}{"".join(f"q{_n(step / 2)} {-5.5 if i % 2 == 0 else 5.5} {_n(step)} 0" for i in range(count))}"/>'
        for x, y, step, count in ((58, 121, 12.0, 7), (63, 129, 12.333, 6), (73, 137, 13.5, 4))
    )
    dots = "".join(
        f'<circle cx="{_n(100 + 71.6 * sin(radians(a)))}" cy="{_n(100 - 71.6 * cos(radians(a)))}" r="1.7"/>'
        for a in (105, 255)
    )
    body = (
        f'<defs><path id="sr" d="{ring(93, 4.5, 36)}"/></defs>'
        f'<g transform="translate(100 100)" fill="none" stroke="{SEAL_RING}" stroke-width=".6">{_turns("sr", 4, 36)}</g>'
        f'<circle cx="100" cy="100" r="86" fill="#fff" stroke="{INK}" stroke-width="1.6"/>'
        f'<circle cx="100" cy="100" r="58" fill="none" stroke="{INK}" stroke-width="1.1"/>'
        f'<circle cx="100" cy="100" r="55" fill="none" stroke="{SEAL_RING}" stroke-width=".7"/>'
        f'<g fill="{INK}">{_on_circle(above, size=12.6, radius=67.5, tracking=2.7)}'
        f"{_on_circle(below, size=12, radius=76.5, tracking=2.2, below=True)}{dots}</g>"
        f'<g fill="none" stroke="{INK}" stroke-width="2" stroke-linejoin="round" stroke-linecap="round">'
        '<path fill="#fff" d="M93 118l3.4-38h7.2l3.4 38z"/><path d="M94.2 105h11.6M95.2 93h9.6" stroke-width="1.6"/>'
        '<path d="M93.5 80h13M95.5 80v-9h9v9M94.5 71c0-4 2.4-6.4 5.5-7.6 3.1 1.2 5.5 3.6 5.5 7.6z"/>'
        '<path d="M100 63v-4.5M88 73l-17-5M88 77.5H69M112 73l17-5M112 77.5h19" stroke-width="1.5"/></g>'
        f'<g fill="none" stroke="{INK}" stroke-width="1.7" stroke-linecap="round">{water}</g>'
    )
    return _svg(200, 200, body, title=title)


def signature() -> str:
    """The signature of the invented dean."""
    stroke = (
        "M6 38C14 22 20 9 26 8c7-1 2 20 4 29 3-11 8-26 13-26 6 0-2 25 4 25 5 0 7-13 12-13s0 13 5 13c6 0 8-25 13-32-5 14-8 33-3 33 6 0 "
        "9-14 15-14 4 0 1 13 6 13s7-12 12-12 0 12 6 12c7 0 10-8 18-11 9-3 14 4 22 3"
    )
    return _svg(
        170,
        50,
        f'<path d="{stroke}" fill="none" stroke="#1d3d7a" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round"/>',
    )


DRAWINGS = {"certificate-ground.svg": ground, "seal.svg": seal, "signature.svg": signature}
