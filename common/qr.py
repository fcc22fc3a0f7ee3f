"""QR codes drawn as cheaply as possible: fixed version choice, fixed mask, one path of horizontal runs."""

import io
from collections.abc import Iterator
from functools import lru_cache

import segno

DARK = "#14252c"
# Any mask is valid for readers; scoring all eight costs three times the drawing itself.
MASK = 4
QUIET = 4


@lru_cache(maxsize=64)
def matrix(text: str) -> tuple[bytes, ...]:
    """Rows of modules, 1 dark, 0 light, without the quiet zone."""
    code = segno.make(text, error="m", micro=False, mask=MASK, boost_error=False)
    return tuple(bytes(row) for row in code.matrix)


def runs(rows: tuple[bytes, ...]) -> Iterator[tuple[int, int, int]]:
    """(x, y, length) of every horizontal run of dark modules."""
    for y, row in enumerate(rows):
        x = row.find(1)
        while x >= 0:
            end = row.find(0, x)
            if end < 0:
                end = len(row)
            yield x, y, end - x
            x = row.find(1, end)


def path(text: str) -> str:
    """The code as the ``d`` of one SVG path, a unit per module."""
    return "".join(f"M{x} {y}h{n}v1h-{n}z" for x, y, n in runs(matrix(text)))


def size(text: str) -> int:
    """Modules along one side, without the quiet zone."""
    return len(matrix(text))


def view_box(text: str, quiet: int = QUIET) -> str:
    """The viewBox that leaves the quiet zone readers need."""
    side = size(text) + 2 * quiet
    return f"{-quiet} {-quiet} {side} {side}"


def svg(text: str, *, label: str = "", quiet: int = QUIET) -> str:
    """A whole SVG element for pages; the label is escaped."""
    from django.utils.html import format_html

    name = format_html('role="img" aria-label="{}"', label) if label else 'aria-hidden="true"'
    side = size(text) + 2 * quiet
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{view_box(text, quiet)}" {name}>'
        f'<path fill="#fff" d="M-{quiet}-{quiet}h{side}v{side}h-{side}z"/><path fill="{DARK}" d="{path(text)}"/></svg>'
    )


def png(text: str, *, scale: int = 8, quiet: int = QUIET) -> bytes:
    """A PNG of the code, for mail and for screens without SVG."""
    code = segno.make(text, error="m", micro=False, mask=MASK, boost_error=False)
    out = io.BytesIO()
    code.save(out, kind="png", scale=scale, border=quiet, dark=DARK)
    return out.getvalue()


def operators(text: str) -> bytes:
    """The code as PDF operators: one filled path, a unit per module, y down, so that no seams show between rows."""
    return b"\n".join(b"%d %d %d 1 re" % run for run in runs(matrix(text))) + b"\nf"
