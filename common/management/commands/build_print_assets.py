"""Write the drawings and the static fonts that certificates and transcripts are printed with."""

import io
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from common import engraving, typeset

ROOT = Path(__file__).resolve().parents[3]
IMAGES, FONTS = ROOT / "static" / "img", ROOT / "static" / "fonts"
SUBSETS = {
    "source-serif-4": ("latin", "latin-ext", "vietnamese", "greek", "cyrillic"),
    "public-sans": ("latin", "latin-ext", "vietnamese"),
}
NAMES = {"source-serif-4": "Portal Serif", "public-sans": "Portal Sans"}


def static_font(filename: str) -> bytes:
    """One upright or italic weight, all scripts in one file.

    WeasyPrint cuts a weight out of a variable font for every document; a static file spares that.
    Derived files carry a name of their own, as the licence asks.
    """
    from fontTools.merge import Merger, Options
    from fontTools.ttLib import TTFont
    from fontTools.varLib.instancer import instantiateVariableFont

    stem = filename.removesuffix(".ttf")
    style = "italic" if stem.endswith("-italic") else "normal"
    family, weight = stem.removesuffix("-italic").rsplit("-", 1)
    parts = []
    for subset in SUBSETS[family]:
        font = TTFont(FONTS / f"{family}-{subset}-wght-{style}.woff2", recalcTimestamp=False)
        font.flavor = None
        part = io.BytesIO()
        instantiateVariableFont(font, {"wght": int(weight)}).save(part)
        part.seek(0)
        parts.append(part)
    font = Merger(Options(drop_tables=["STAT", "BASE", "gasp", "prep", "fpgm", "cvt "])).merge(parts)
    for record in list(font["name"].names):
        if record.nameID in (3, 5, 16, 17, 21, 22, 25):
            font["name"].removeNames(nameID=record.nameID)
    kind = {"400": "Regular", "600": "SemiBold"}[weight] if style == "normal" else "Italic"
    full = f"{NAMES[family]} {kind}"
    for name_id, value in ((1, NAMES[family]), (2, kind), (3, full), (4, full), (6, full.replace(" ", "-"))):
        font["name"].setName(value, name_id, 3, 1, 0x409)
    font["OS/2"].usWeightClass = int(weight)
    font["head"].created = font["head"].modified = 3_800_000_000
    font.recalcTimestamp = False
    out = io.BytesIO()
    font.save(out)
    return out.getvalue()


class Command(BaseCommand):
    help = "Write the certificate drawings to static/img and the static fonts to static/fonts/print. --check only compares the drawings."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="fail when a committed drawing differs from what this would write"
        )
        parser.add_argument("--fonts", action="store_true", help="also cut the static fonts, about half a minute")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["fonts"]:
            typeset.FONT_DIR.mkdir(parents=True, exist_ok=True)
            for filename in typeset.FACES.values():
                (typeset.FONT_DIR / filename).write_bytes(static_font(filename))
                self.stdout.write(f"static/fonts/print/{filename}")
        stale = []
        for filename, draw in engraving.DRAWINGS.items():
            target, text = IMAGES / filename, str(draw())  # type: ignore[operator]
            if options["check"]:
                if not target.exists() or target.read_text() != text:
                    stale.append(filename)
            else:
                target.write_text(text)
                self.stdout.write(f"static/img/{filename}")
        if stale:
            raise CommandError(f"Stale drawings: {', '.join(stale)}. Run manage.py build_print_assets.")
