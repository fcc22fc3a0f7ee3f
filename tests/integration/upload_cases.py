"""Files as people bring them, honest and hostile. All are made here; none is more than a few kilobytes, but the bomb's promise."""

import io
import struct
import zipfile
import zlib

from django.core.files.uploadedfile import SimpleUploadedFile

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\nstartxref\n9\n%%EOF\n"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00" + b"\x00" * 64 + b"\xff\xd9"
CSV = "Name;E-mail\r\nTomás Villareal;tomas@lakeshore.example\r\n".encode("utf-8-sig")
MAIN = {"docx": "word/document.xml", "pptx": "ppt/presentation.xml", "xlsx": "xl/workbook.xml"}


def png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\x00\x00")) + chunk(b"IEND", b"")
    )


def office(kind: str = "docx", *, more: dict[str, bytes] | None = None, main: str | None = None) -> bytes:
    """A package with the parts that make it Word, PowerPoint or Excel."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("[Content_Types].xml", "<Types/>")
        package.writestr(MAIN[kind] if main is None else main, "<document/>")
        for name, data in (more or {}).items():
            package.writestr(name, data)
    return content.getvalue()


def bomb() -> bytes:
    """A Word file of a few kilobytes that says it holds 64 MB of zeros."""
    return office(more={"word/media/image1.bin": b"\x00" * 64 * 1024 * 1024})


def archive(**files: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as package:
        for name, data in files.items():
            package.writestr(name, data)
    return content.getvalue()


def given(name: str, content: bytes, content_type: str = "application/octet-stream") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type)


HONEST = {
    "slides.pdf": PDF, "scan.PNG": png(), "photo.jpeg": JPEG, "photo.jpg": JPEG, "plan.docx": office("docx"), "talk.pptx": office("pptx"),
    "roster.xlsx": office("xlsx"), "roster.csv": CSV, "roster.tsv": b"Name\tMinutes\nAna\t55\n", "webex.txt": "Name\tMinutes\nAna\t55\n".encode("utf-16"),
    "old.csv": "Name;Städte\nJosé;Köln".encode("cp1252"),
}  # fmt: skip
HOSTILE = {
    "program as PDF": ("talk.pdf", b"MZ\x90\x00\x03" + b"\x00" * 400),
    "page as PDF": ("talk.pdf", b"<html><script>alert(1)</script></html>"),
    "PDF as Word": ("talk.docx", PDF),
    "Word as PDF": ("talk.pdf", office()),
    "Excel as Word": ("plan.docx", office("xlsx")),
    "archive as Word": ("plan.docx", archive(**{"readme.txt": b"hello"})),
    "two programs' file": ("plan.docx", office(more={"xl/workbook.xml": b"<x/>"})),
    "PDF and archive in one": ("talk.pdf", PDF + archive(**{"evil.js": b"alert(1)"})),
    "picture and archive in one": ("scan.png", png() + archive(**{"evil.js": b"alert(1)"})),
    "picture with a page behind it": ("scan.png", png() + b"<script>alert(1)</script>"),
    "photo and archive in one": ("photo.jpg", JPEG + archive(**{"evil.js": b"alert(1)"})),
    "page before the PDF": ("talk.pdf", b"<script>alert(1)</script>" + PDF),
    "half a PDF": ("talk.pdf", PDF[:40]),
    "half a picture": ("scan.png", png()[:-8]),
    "half a package": ("plan.docx", office()[:-10]),
    "something behind the package's list": ("plan.docx", office()[:-22] + b"hidden" + office()[-22:]),
    "page as table": ("roster.csv", b"\xef\xbb\xbf\r\n <html><script>alert(1)</script>"),
    "page as table, in UTF-16": ("roster.csv", "<html><script>alert(1)</script>".encode("utf-16")),
    "program as table": ("roster.csv", b"name,mail\n\x00\x01\x02\x03"),
    "script as table": ("roster.csv", b"#!/bin/sh\nrm -rf /\n"),
    "a list of a million parts": ("plan.docx", office()[:-14] + struct.pack("<2H2LH", 9999, 9999, 90_000_000, 0, 0)),
}
