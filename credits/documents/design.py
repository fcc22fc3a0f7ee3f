"""A version of the certificate's design as the PDF engine takes it: rules, pictures, and what the template prints."""

import hashlib
import json
from collections import OrderedDict
from typing import Any

from common import artwork, engraving, pdf
from credits.enums import HeadOrder
from credits.models import CertificateDrawing, CertificateTemplate

# Raised when what is made from the same row changes: the digest of a design names exactly what is printed.
REVISION = 1
TOP, TALL, WIDEST, GAP = 1.0, 1.36, 3.4, 0.35  # inches
SIGN_WIDEST, SIGN_TALL = 2.3, 0.62
TEXT_CONTRAST = 4.5
_KEPT = 16
_looks: OrderedDict[str, pdf.Look] = OrderedDict()

HEAD = {
    HeadOrder.SEAL: ("seal",), HeadOrder.LOGO: ("logo",), HeadOrder.LOGO_SEAL: ("logo", "seal"),
    HeadOrder.SEAL_LOGO: ("seal", "logo"), HeadOrder.NOTHING: ("nothing",),
}  # fmt: skip


def head(design: CertificateTemplate) -> tuple[str, ...]:
    """What stands at the top, from left to right; a logo that is not there yet takes no place."""
    wanted = HEAD[HeadOrder(design.head)]
    return wanted if design.logo_id else tuple(name for name in wanted if name != "logo") or ("nothing",)


def foot(design: CertificateTemplate) -> tuple[str, ...]:
    return tuple(design.foot.split("_"))


def digest(design: CertificateTemplate) -> str:
    """SHA-256 of everything that is printed from a design."""
    pictures = [d.sha256 if d else "" for d in (design.logo, design.seal, design.signature)]
    said = [
        REVISION, design.accent, design.ink, design.border, design.engraving, design.head, design.foot, design.office_line, pictures,
        design.signature.signer_name if design.signature else "",
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def look(design: CertificateTemplate) -> pdf.Look:
    """What the engine adds to our own design; kept by digest, so that only the first certificate of a process pays."""
    key = design.digest or digest(design)
    if key not in _looks:
        _looks[key] = _make(design, key)
        if len(_looks) > _KEPT:
            _looks.popitem(last=False)
    _looks.move_to_end(key)
    return _looks[key]


def context(snapshot: dict[str, Any], design: CertificateTemplate | None) -> dict[str, Any]:
    """What the template prints: the frozen content in its design."""
    if design is None:
        return snapshot
    line = [[{"text": snapshot["office_line"], "style": ""}]] if snapshot.get("office_line") else []
    own = snapshot.get("signature") == pdf.LOOK
    return {
        **snapshot,
        "statements": [*snapshot["statements"], *line],
        "head": head(design),
        "foot": foot(design),
        **({"seal_url": f"{pdf.LOOK}seal"} if design.seal_id else {}),
        **({"logo_url": f"{pdf.LOOK}logo"} if design.logo_id else {}),
        **({"signature_url": f"{pdf.LOOK}signature"} if own else {}),
    }


def frozen(snapshot: dict[str, Any], design: CertificateTemplate | None) -> dict[str, Any]:
    """The snapshot of a new certificate in a design: what the design adds to its text is frozen with it (law 4).

    A signature is printed only beside the name of the person who signed.
    """
    if design is None:
        return snapshot
    own = bool(design.signature and design.signature.signer_name == snapshot["signer_name"])
    return {
        **snapshot,
        "design": design.number,
        **({"office_line": design.office_line} if design.office_line else {}),
        **({"signature": pdf.LOOK} if own else {}),
    }


def quiet(ink: str) -> str:
    """The color of small text: the ink a little thinned, where that can still be read (WCAG 1.4.3)."""
    thinned = artwork.mixed(ink, 0.8)
    return thinned if artwork.contrast(thinned) >= TEXT_CONTRAST else ink


def _make(design: CertificateTemplate, key: str) -> pdf.Look:
    pictures: dict[str, bytes] = {}
    for name in ("logo", "seal", "signature"):
        drawing: CertificateDrawing | None = getattr(design, name)
        if drawing is not None:
            pictures[name] = bytes(drawing.content)
    if design.border or design.engraving:
        accent = design.accent
        pictures["ground"] = engraving.ground(
            border=design.border, engraving=design.engraving, ink=accent, soft=artwork.mixed(accent, 0.49), color=artwork.mixed(accent, 0.115)
        ).encode()  # fmt: skip
    return pdf.Look(key, _css(design, "ground" in pictures), pictures)


def _css(design: CertificateTemplate, has_ground: bool) -> str:
    small = quiet(design.ink)
    ground = f"url({pdf.LOOK}ground) 0 0 / 11in 8.5in no-repeat" if has_ground else "none"
    rules = [
        f".cert {{ color: {design.ink}; background: {ground} }}",
        f".cert .heading {{ color: {design.accent} }}",
        f".cert .sign, .cert .ver, .cert .acc, .cert .q {{ color: {small} }}",
        f".cert .sign b, .cert .ver b, .cert .ver a {{ color: {design.ink} }}",
        f".cert .sign p {{ border-top-color: {design.ink} }}",
    ]
    rules += [f".cert .{name} {{ {place} }}" for name, place in _places(design).items()]
    if design.signature is not None:
        width, height = _fitted(design.signature, SIGN_WIDEST, SIGN_TALL)
        rules.append(f".cert .sign img {{ width: {width:.3f}in; height: {height:.3f}in }}")
    return "\n".join(rules)


def _places(design: CertificateTemplate) -> dict[str, str]:
    """Where the pictures at the top stand: side by side, centered, each in the middle of the band."""
    shown = [name for name in head(design) if name != "nothing"]
    sizes: dict[str, tuple[float, float]] = {}
    for name in shown:
        drawing: CertificateDrawing | None = getattr(design, name)
        sizes[name] = _fitted(drawing, WIDEST, TALL) if drawing else (TALL, TALL)
    x = (11 - sum(width for width, _height in sizes.values()) - GAP * (len(sizes) - 1)) / 2
    places: dict[str, str] = {}
    for name, (width, height) in sizes.items():
        top = TOP + (TALL - height) / 2
        places[name] = f"left: {x:.3f}in; top: {top:.3f}in; width: {width:.3f}in; height: {height:.3f}in"
        x += width + GAP
    return places


def _fitted(drawing: CertificateDrawing, widest: float, tallest: float) -> tuple[float, float]:
    """The largest size inside a box, in inches, with the drawing's own proportions."""
    height = min(tallest, widest / drawing.ratio)
    return height * drawing.ratio, height
