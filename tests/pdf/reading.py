"""Reading a PDF back."""

import io
import re
import shutil
import subprocess
from pathlib import Path

import pypdf
import pytest
from PIL import Image


def reader(data: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(data))


def squeeze(text: str) -> str:
    return re.sub(r"\s+", "", text)


def text(data: bytes) -> str:
    return "\n".join(page.extract_text() for page in reader(data).pages)


def placed(data: bytes, page: int = 0) -> list[tuple[str, float, float]]:
    """(text, x, y) of every piece on a page, y from the bottom, in points."""
    found: list[tuple[str, float, float]] = []

    def note(piece: str, user: list[float], matrix: list[float], font: object, size: float) -> None:
        if piece.strip():
            x = matrix[4] * user[0] + matrix[5] * user[2] + user[4]
            y = matrix[4] * user[1] + matrix[5] * user[3] + user[5]
            found.append((piece.strip(), x, y))

    reader(data).pages[page].extract_text(visitor_text=note)
    return found


def picture(data: bytes, folder: Path, name: str, dpi: int = 96) -> Image.Image:
    """The first page as pixels; 96 dpi makes a pixel a CSS pixel."""
    if not shutil.which("pdftoppm"):
        pytest.skip("pdftoppm (poppler-utils) is not installed")
    source = folder / f"{name}.pdf"
    source.write_bytes(data)
    subprocess.run(
        ["pdftoppm", "-r", str(dpi), "-f", "1", "-l", "1", "-singlefile", "-png", source, folder / name], check=True
    )
    return Image.open(folder / f"{name}.png").convert("RGB")
