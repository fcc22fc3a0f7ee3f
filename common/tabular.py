"""Tables that people bring and take away: CSV, TSV and Excel, row by row in constant memory (docs/developer/tables.md).

Reading: `sniff` says how a file is written, `rows` gives its rows. A cell that begins with = + - @ is a text like any
other. Writing: `download` streams; what a spreadsheet would run as a formula is kept from running.
"""

import codecs
import csv
import datetime as dt
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, BinaryIO, NamedTuple

from django.http import StreamingHttpResponse
from django.utils.translation import gettext as _

from common import sniffing, xlsx
from common.errors import DomainError

Value = xlsx.Value
DELIMITERS = ",;\t|"
FORMULA = ("=", "+", "-", "@", "\t", "\r")
_CHUNK = 65_536
_LONGEST_LINE = 1_000_000
_SAMPLE_LINES = 60
# What a database cannot keep in a text, and what no reader can see.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff\ufffe\uffff\ud800-\udfff]")
_QUOTED_LITERAL = re.compile(r'="([^"]*)"')


class Unreadable(DomainError):
    """A table that is not read, with what to do about it."""


class Row(NamedTuple):
    """A row with its number as a spreadsheet shows it; values without the empty ones at the end."""

    number: int
    cells: list[Value]


@dataclass(frozen=True)
class Limits:
    """What is read at most. `rows` counts those that are not empty, `idle` what a workbook has besides its values."""

    rows: int = 1_000_000
    columns: int = 200
    cell: int = 32_767
    idle: int = 2_000_000

    @property
    def workbook(self) -> xlsx.Limits:
        return xlsx.Limits(columns=self.columns, cell=self.cell, idle=self.idle)


@dataclass(frozen=True)
class Format:
    """How a table is written. `sheets` are those of a workbook, `sheet` the one that is read."""

    kind: str
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    sheets: tuple[str, ...] = ()

    @property
    def as_data(self) -> dict[str, Any]:
        """For a JSON column."""
        return {"kind": self.kind, "encoding": self.encoding, "delimiter": self.delimiter, "sheet": self.sheet, "sheets": list(self.sheets)}  # fmt: skip

    @classmethod
    def of_data(cls, data: dict[str, Any]) -> "Format":
        return cls(**{**data, "sheets": tuple(data.get("sheets", ()))})


# --- reading -----------------------------------------------------------------------------------------


def sniff(file: BinaryIO, limits: Limits = Limits()) -> Format:
    """How a seekable file is written. Raises Unreadable."""
    file.seek(0)
    if file.read(4) == b"PK\x03\x04":
        book = _open(file, limits)
        names = tuple(book.sheets)
        return Format("xlsx", sheet=names[0], sheets=names)
    encoding = _encoding(file)
    return Format("csv", encoding, _delimiter(_sample(file, encoding)))


def rows(file: BinaryIO, written: Format, limits: Limits = Limits()) -> Iterator[Row]:
    """Every row that is not empty, in order. Raises Unreadable when it comes to something past the limits."""
    found = _sheet_rows(file, written, limits) if written.kind == "xlsx" else _text_rows(file, written, limits)
    count = 0
    for row in found:
        if not row.cells:
            continue
        count += 1
        if count > limits.rows:
            raise Unreadable(
                _("This table has more than %(most)s rows. Split it, and bring the parts one by one.")
                % {"most": f"{limits.rows:,}"}
            )
        yield row


def text(value: Value) -> str:
    """A value as people read it and as it is kept: dates as 2026-11-17, numbers without zeros at the end."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, dt.timedelta):
        minutes, seconds = divmod(int(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value)


def clean(said: str) -> str:
    """A text of a cell: no controls, no blanks around, and the text that was meant by `="…"` or by the apostrophe in
    front of a formula, as exports write it.
    """
    said = _CONTROLS.sub("", said).strip()
    if said.startswith('="') and (literal := _QUOTED_LITERAL.fullmatch(said)):
        return literal[1].strip()
    if said.startswith("'") and said[1:].startswith(FORMULA):
        return said[1:]
    return said


def _cleaned(cells: Iterable[Value], limits: Limits, number: int) -> list[Value]:
    found = [clean(cell) if isinstance(cell, str) else cell for cell in cells]
    while found and found[-1] in (None, ""):
        found.pop()
    if len(found) > limits.columns:
        raise _too_wide(limits, number)
    return found


def _too_wide(limits: Limits, number: int) -> Unreadable:
    return Unreadable(
        _("Row %(row)s has more than %(most)s columns. Is this the right file?")
        % {"row": number, "most": limits.columns}
    )


def _too_long(limits: Limits, number: int) -> Unreadable:
    return Unreadable(
        _("Row %(row)s has a cell of more than %(most)s characters. A quotation mark that is never closed does that; look there.")
        % {"row": number, "most": f"{limits.cell:,}"}
    )  # fmt: skip


# --- workbooks ---


def _open(file: BinaryIO, limits: Limits) -> xlsx.Book:
    try:
        return xlsx.open_book(file, limits.workbook)
    except (xlsx.Broken, xlsx.TooMuch) as error:
        raise _refused(error, limits) from error


def _sheet_rows(file: BinaryIO, written: Format, limits: Limits) -> Iterator[Row]:
    book = _open(file, limits)
    try:
        for number, cells in xlsx.rows(book, written.sheet):
            yield Row(number, _cleaned(cells, limits, number))
    except (xlsx.Broken, xlsx.TooMuch) as error:
        raise _refused(error, limits) from error


def _refused(error: Exception, limits: Limits) -> Unreadable:
    what = getattr(error, "what", "")
    if what == "columns":
        return _too_wide(limits, error.row)  # type: ignore[attr-defined]
    if what == "cell":
        return _too_long(limits, error.row)  # type: ignore[attr-defined]
    if what == "idle":
        return Unreadable(_("This sheet has more empty cells than we read past. Save it as CSV, and bring that."))
    if what:
        return Unreadable(
            _("This workbook unpacks to more than we read. Save the sheet as CSV, or split it, and bring that.")
        )
    return Unreadable(_("This workbook cannot be read. Open it, save it again, and bring it once more."))


# --- texts ---


def _encoding(file: BinaryIO) -> str:
    """The mark at the beginning, else UTF-8 when all of it is, else what Windows in the west writes."""
    file.seek(0)
    head = file.read(4096)
    if marked := sniffing.encoding_of(head):
        return marked
    if head[1::2].count(0) > len(head) / 4:
        return "utf-16-le"
    if head[::2].count(0) > len(head) / 4:
        return "utf-16-be"
    decoder = codecs.getincrementaldecoder("utf-8")()
    file.seek(0)
    try:
        while chunk := file.read(_CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _lines(file: BinaryIO, encoding: str) -> Iterator[str]:
    """Lines of bounded length; what the encoding does not know becomes a question mark in a diamond."""
    file.seek(0)
    reader = io.TextIOWrapper(file, encoding=encoding, errors="replace", newline="")
    try:
        while line := reader.readline(_LONGEST_LINE):
            if len(line) == _LONGEST_LINE:
                raise Unreadable(_("This is not a table: it has a line of a million characters."))
            yield line
    finally:
        if not file.closed:
            reader.detach()  # the file is the caller's to close


def _sample(file: BinaryIO, encoding: str) -> list[str]:
    lines = []
    for line in _lines(file, encoding):
        lines.append(line)
        if len(lines) == _SAMPLE_LINES:
            break
    return lines


def _delimiter(lines: Sequence[str]) -> str:
    """The sign that splits most lines into the same number of cells, and into many."""
    if lines and (said := re.fullmatch(r"\ufeff?\"?sep=(.)\"?\s*", lines[0])):
        return said[1]
    best, most = ",", 0
    for sign in DELIMITERS:
        widths = Counter(len(row) for row in _parsed(lines, sign) if len(row) > 1)
        score = max(((width - 1) * times for width, times in widths.items()), default=0)
        if score > most:
            best, most = sign, score
    return best


def _parsed(lines: Iterable[str], delimiter: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(lines, delimiter=delimiter)
    except csv.Error:
        return


def _text_rows(file: BinaryIO, written: Format, limits: Limits) -> Iterator[Row]:
    number = 0
    try:
        for number, cells in enumerate(csv.reader(_lines(file, written.encoding), delimiter=written.delimiter), 1):
            if any(len(cell) > limits.cell for cell in cells):
                raise _too_long(limits, number)
            yield Row(number, _cleaned(cells, limits, number))
    except csv.Error as error:  # the only one left: a cell longer than the module keeps
        raise _too_long(limits, number + 1) from error


# --- writing -----------------------------------------------------------------------------------------


def safe(value: Any) -> Any:
    """A value for a CSV cell: a text that a spreadsheet would run gets an apostrophe in front, numbers stay numbers.

    The blanks before a sign count as nothing, as they do for the spreadsheets; `clean` takes the apostrophe off again.
    """
    if isinstance(value, str):
        said = _CONTROLS.sub("", value)
        return f"'{said}" if said.lstrip(" \xa0").startswith(FORMULA) or said.startswith(FORMULA) else said
    return text(value) if isinstance(value, bool | dt.date | dt.time | dt.timedelta | None) else value


class _Echo:
    """csv.writer's file: gives back what it is told."""

    def write(self, line: str) -> str:
        return line


def csv_parts(head: Sequence[str], body: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """A CSV file as bytes to send: UTF-8 with its mark, so that Excel reads the accents, and no cell that runs."""
    writer: Any = csv.writer(_Echo())
    waiting, size = [codecs.BOM_UTF8, writer.writerow([safe(cell) for cell in head]).encode()], 0
    for row in body:
        line = writer.writerow([safe(cell) for cell in row]).encode()
        waiting.append(line)
        size += len(line)
        if size > _CHUNK:
            yield b"".join(waiting)
            waiting, size = [], 0
    yield b"".join(waiting)


def download(
    name: str, head: Sequence[str], body: Iterable[Sequence[Any]], *, kind: str = "csv"
) -> StreamingHttpResponse:
    """A table to take away, `name` without its ending. The rows are asked for while it is sent."""
    if kind == "xlsx":
        parts, content_type = xlsx.write(head, body), sniffing.XLSX.content_type
    else:
        kind, parts, content_type = "csv", csv_parts(head, body), "text/csv; charset=utf-8"
    response = StreamingHttpResponse(parts, content_type=content_type)
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "table"
    response["Content-Disposition"] = f'attachment; filename="{plain}.{kind}"'
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response
