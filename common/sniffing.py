"""What a file really is: read from its first and last bytes and, for Office files, from the list of what is inside.

Nothing is ever decompressed, rendered or run, so a bomb stays a parcel. Every read is bounded.
"""

import codecs
import re
import struct
from dataclasses import dataclass
from typing import BinaryIO


@dataclass(frozen=True)
class Kind:
    """One kind of file that the portal keeps; `extensions` are the endings its name may have, the first is the usual one."""

    key: str
    word: str
    content_type: str
    extensions: tuple[str, ...]


_OFFICE = "application/vnd.openxmlformats-officedocument."
PDF = Kind("pdf", "PDF", "application/pdf", ("pdf",))
PNG = Kind("png", "PNG", "image/png", ("png",))
JPEG = Kind("jpeg", "JPEG", "image/jpeg", ("jpg", "jpeg"))
DOCX = Kind("docx", "Word", f"{_OFFICE}wordprocessingml.document", ("docx",))
PPTX = Kind("pptx", "PowerPoint", f"{_OFFICE}presentationml.presentation", ("pptx",))
XLSX = Kind("xlsx", "Excel", f"{_OFFICE}spreadsheetml.sheet", ("xlsx",))
CSV = Kind("csv", "CSV", "text/csv", ("csv",))
TSV = Kind("tsv", "TSV", "text/tab-separated-values", ("tsv", "txt"))
KINDS = {kind.key: kind for kind in (PDF, PNG, JPEG, DOCX, PPTX, XLSX, CSV, TSV)}

# What makes a package this kind: the one part that its program opens first.
_MAIN_PART = (
    (re.compile(r"word/document\d*\.xml"), DOCX),
    (re.compile(r"ppt/presentation\d*\.xml"), PPTX),
    (re.compile(r"xl/workbook\d*\.xml"), XLSX),
)
_TAIL = 65_557  # the longest end record of a zip: 22 bytes and a comment
_MOST_PARTS, _LONGEST_LIST = 10_000, 2_000_000
_CHUNK = 65_536
_CONTROLS = frozenset(map(chr, range(32))) - frozenset("\t\n\r\f")


class HasMacros(Exception):
    """An Office file with a program in it."""


def sniff(file: BinaryIO, size: int) -> Kind | tuple[Kind, ...] | None:
    """The kind of a seekable file; for text the kinds it can be, None for what is not kept. Raises HasMacros."""
    head, tail = _read(file, 0, 1024), _read(file, max(size - _TAIL, 0), _TAIL)
    if head.startswith(b"PK\x03\x04"):
        return _package(file, size, tail)
    if _ends_as_zip(tail):  # two files in one: what it is depends on who opens it
        return None
    if head.startswith(b"%PDF-"):
        return PDF if head[5:7] in {b"1.", b"2."} and b"%%EOF" in tail[-1024:] else None
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG if head[8:16] == b"\x00\x00\x00\x0dIHDR" and tail.endswith(b"IEND\xaeB`\x82") else None
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG if b"\xff\xd9" in tail else None
    return (CSV, TSV) if _is_text(file, head) else None


def encoding_of(head: bytes) -> str:
    """How the text of a file that begins like this is to be read; "" when the first bytes do not say."""
    marks = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
    return next((name for mark, name in marks if head.startswith(mark)), "")


def _read(file: BinaryIO, start: int, length: int) -> bytes:
    file.seek(start)
    return file.read(length)


def _end_record(tail: bytes) -> tuple[int, int, int, int] | None:
    """(number of parts, length of their list, where it begins, length of the record), from the end of a zip."""
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < 22:
        return None
    disk, first, here, parts, length, start, comment = struct.unpack("<4H2LH", tail[at + 4 : at + 22])
    whole = disk == first == 0 and here == parts and at + 22 + comment == len(tail)
    return (parts, length, start, len(tail) - at) if whole else None


def _ends_as_zip(tail: bytes) -> bool:
    return _end_record(tail) is not None


def _package(file: BinaryIO, size: int, tail: bytes) -> Kind | None:
    """Word, PowerPoint or Excel, by the names of the parts; the parts themselves stay closed."""
    record = _end_record(tail)
    if record is None:
        return None
    parts, length, start, end = record
    # Right before the end record, with nothing between: a package is one file and no hiding place.
    if not 0 < parts <= _MOST_PARTS or length > _LONGEST_LIST or start + length != size - end:
        return None
    names = _names(_read(file, start, length), parts)
    if names is None or "[Content_Types].xml" not in names:
        return None
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise HasMacros
    found = [kind for pattern, kind in _MAIN_PART if any(pattern.fullmatch(name) for name in names)]
    return found[0] if len(found) == 1 else None


def _names(listed: bytes, parts: int) -> set[str] | None:
    """The names in the list of a zip; None when it is not whole, holds a name twice, or a part is locked."""
    names: set[str] = set()
    at = 0
    for _part in range(parts):
        if listed[at : at + 4] != b"PK\x01\x02" or len(listed) - at < 46:
            return None
        flags = struct.unpack("<H", listed[at + 8 : at + 10])[0]
        name, extra, comment = struct.unpack("<3H", listed[at + 28 : at + 34])
        text = listed[at + 46 : at + 46 + name].decode("utf-8", "replace")
        if flags & 1 or text in names:
            return None
        names.add(text)
        at += 46 + name + extra + comment
    return names if at == len(listed) else None


def _is_text(file: BinaryIO, head: bytes) -> bool:
    """A table as text: readable to the last byte, no control characters, and no page or program in disguise."""
    tried = [encoding_of(head)] if encoding_of(head) else ["utf-8", "cp1252"]
    begins = head.decode(tried[0], "ignore").lstrip("\ufeff \t\r\n")
    if begins.startswith(("<", "{", "#!", "%!")):
        return False
    return any(_decodes(file, encoding) for encoding in tried)


def _decodes(file: BinaryIO, encoding: str) -> bool:
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while True:
            chunk = file.read(_CHUNK)
            if not _CONTROLS.isdisjoint(decoder.decode(chunk, final=not chunk)):
                return False
            if not chunk:
                return True
    except UnicodeDecodeError:
        return False
