"""Pictures of documents as PDF forms, made once per process: SVG drawings, small bitmaps, QR codes.

Each stands where WeasyPrint expects an image: a size, ``draw``, and the object that ``Stream.add_image`` asks for.
"""

import hashlib
import io
import re
import zlib
from typing import Any
from xml.etree import ElementTree

from common import qr

LONG_NUMBER = re.compile(rb"-?\d*\.\d{3,}")


class NotDrawable(Exception):
    """A drawing holds more than plain paths."""


def to_bytes(part: Any) -> bytes:
    return part if isinstance(part, bytes) else (part.data if hasattr(part, "data") else str(part).encode())


def _form(content: bytes, width: float, height: float, states: dict[str, dict[str, Any]]) -> Any:
    """Compressed operators as a PDF form, to be drawn as often as needed."""
    import pydyf

    resources = pydyf.Dictionary(
        {"ExtGState": pydyf.Dictionary({key: pydyf.Dictionary(state) for key, state in states.items()})}
    )
    extra = {
        "Type": "/XObject",
        "Subtype": "/Form",
        "BBox": pydyf.Array((0, 0, width, height)),
        "Filter": "/FlateDecode",
        "Resources": resources,
    }
    return pydyf.Stream([content], extra, compress=False)


def _shorter(part: Any) -> bytes:
    """Path coordinates to a hundredth of a drawing's unit; matrices keep their digits."""
    line = to_bytes(part)
    if line[-2:] in (b" m", b" l", b" c", b" v", b" y"):
        return LONG_NUMBER.sub(lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip(".").encode(), line)
    return line


class Drawing:
    """An SVG turned into PDF operators once per process; WeasyPrint would parse its paths for every document."""

    def __init__(self, source: bytes, name: str, fetcher: Any) -> None:
        from weasyprint.images import SVGImage

        self.id = hashlib.sha256(name.encode()).hexdigest()[:12]
        tree = ElementTree.fromstring(source)  # noqa: S314 - a committed file, or one that common.artwork wrote anew
        self._svg = SVGImage(tree, name, fetcher, None)._svg
        width, height = self._svg.get_intrinsic_size(16)
        self.width, self.height = float(width), float(height)
        self._content = b""
        self._states: dict[str, dict[str, Any]] = {}

    def get_intrinsic_size(self, resolution: float, font_size: float) -> tuple[float, float, float]:
        return self.width, self.height, self.width / self.height

    def draw(self, stream: Any, width: float, height: float, style: Any) -> None:
        if not self._content:
            self._compile(stream)
        with stream.stacked():
            stream.transform(a=width / self.width, d=height / self.height)
            stream.draw_x_object(stream.add_image(self, interpolate=False, ratio=1))

    def _compile(self, stream: Any) -> None:
        import pydyf

        # The page's own resources and tags stay untouched: a drawing is decoration or has its text beside it.
        resources = {kind: pydyf.Dictionary() for kind in ("ExtGState", "XObject", "Pattern", "Shading", "ColorSpace")}
        scratch = stream.clone(resources=resources, fonts={}, images={}, tags=None, compress=False)
        self._svg.draw(scratch, self.width, self.height, None, None)
        if resources["XObject"] or resources["Pattern"] or resources["Shading"] or scratch._fonts:
            raise NotDrawable(
                "A drawing in a document may hold plain paths only: no text, gradients, filters, opacity or images."
            )
        self._states = {key: dict(state) for key, state in resources["ExtGState"].items()}
        self._content = zlib.compress(b"\n".join(map(_shorter, scratch.stream)), 9)

    def get_x_object(self, interpolate: bool, dpi_ratio: float) -> Any:
        return _form(self._content, self.width, self.height, self._states)


class Bitmap:
    """A PNG as a PDF image with its transparency, decoded and compressed once per process."""

    def __init__(self, source: bytes, name: str) -> None:
        from PIL import Image

        with Image.open(io.BytesIO(source), formats=["PNG"]) as picture:
            picture.load()
            with_alpha = picture.convert("RGBA")
        self.id = hashlib.sha256(name.encode()).hexdigest()[:12]
        self.width, self.height = with_alpha.size
        alpha = with_alpha.getchannel("A")
        self._alpha = b"" if alpha.getextrema() == (255, 255) else zlib.compress(alpha.tobytes(), 9)
        self._colors = zlib.compress(with_alpha.convert("RGB").tobytes(), 9)

    def get_intrinsic_size(self, resolution: float, font_size: float) -> tuple[float, float, float]:
        return self.width / resolution, self.height / resolution, self.width / self.height

    def draw(self, stream: Any, width: float, height: float, style: Any) -> None:
        with stream.stacked():
            stream.transform(a=width, d=-height, f=height)
            stream.draw_x_object(stream.add_image(self, interpolate=True, ratio=1))

    def get_x_object(self, interpolate: bool, dpi_ratio: float) -> Any:
        found = self._image(self._colors, "/DeviceRGB")
        if self._alpha:
            found.extra["SMask"] = self._image(self._alpha, "/DeviceGray")
        return found

    def _image(self, content: bytes, colors: str) -> Any:
        import pydyf

        extra = {
            "Type": "/XObject", "Subtype": "/Image", "Width": self.width, "Height": self.height, "ColorSpace": colors,
            "BitsPerComponent": 8, "Interpolate": "true", "Filter": "/FlateDecode",
        }  # fmt: skip
        return pydyf.Stream([content], extra, compress=False)


class QrCode:
    """A QR code as one filled path, without an image file in between."""

    def __init__(self, text: str) -> None:
        self.id = hashlib.sha256(text.encode()).hexdigest()[:12]
        self.text, self.modules = text, qr.size(text)
        self.side = float(self.modules + 2 * qr.QUIET)

    def get_intrinsic_size(self, resolution: float, font_size: float) -> tuple[float, float, float]:
        return self.side, self.side, 1.0

    def draw(self, stream: Any, width: float, height: float, style: Any) -> None:
        scale = width / self.side
        with stream.stacked():
            stream.transform(a=scale, d=scale, e=scale * qr.QUIET, f=scale * qr.QUIET)
            stream.draw_x_object(stream.add_image(self, interpolate=False, ratio=1))

    def get_x_object(self, interpolate: bool, dpi_ratio: float) -> Any:
        return _form(zlib.compress(b".078 .145 .173 rg\n" + qr.operators(self.text), 9), self.modules, self.modules, {})
