"""A page of one of our PDFs as a picture, for looking at a design before it is used."""

import io

from common.pdf import PdfUnavailable


def page(content: bytes, *, width: int, number: int = 0) -> bytes:
    """A page, counted from 0, or the last, as a PNG, `width` pixels wide."""
    try:
        import pypdfium2
    except (ImportError, OSError) as error:
        raise PdfUnavailable("Previews need the package pypdfium2.") from error
    document = pypdfium2.PdfDocument(content)
    try:
        found = document[min(number, len(document) - 1)]
        picture = found.render(scale=width / found.get_width()).to_pil()
    finally:
        document.close()
    out = io.BytesIO()
    picture.convert("RGB").save(out, format="PNG", compress_level=3)
    return out.getvalue()
