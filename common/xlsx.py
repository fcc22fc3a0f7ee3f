"""Excel workbooks as rows of values: read and written as a stream, within limits, never a formula run (docs/dependencies.md).

A reader for what people bring, so it believes nothing: no document type, no entity, no part larger than announced. Of
a formula the value that Excel kept beside it is read. The writer knows texts, numbers and dates, and no formula at all.
"""

import datetime as dt
import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, BinaryIO
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

Value = str | int | Decimal | bool | dt.date | dt.datetime | dt.time | dt.timedelta | None

LAST_ROW = 1_048_576  # Excel's own
_EPOCH = dt.datetime(1899, 12, 30)  # noqa: DTZ001 - cells have no zone
_CHUNK = 65_536
_LONGEST_TAG = 1_000_000
_MAIN = ("http://schemas.openxmlformats.org/spreadsheetml/2006/main ", "http://purl.oclc.org/ooxml/spreadsheetml/main ")
_LINKS = (
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships id",
    "http://purl.oclc.org/ooxml/officeDocument/relationships id",
)
_NAMES = {uri + name: name for uri in _MAIN for name in ("row", "c", "v", "is", "t", "rPh", "si", "sheet", "workbookPr", "numFmt", "cellXfs", "xf")}  # fmt: skip
_RELATION = "http://schemas.openxmlformats.org/package/2006/relationships Relationship"
_DATE_IDS = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))
_LENGTH_IDS = frozenset({46})
_NOT_LETTERS = re.compile(r"\"[^\"]*\"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]", re.I)
_LENGTH = re.compile(r"\[(h+|m+|s+)\]", re.I)


class Broken(Exception):
    """Not a workbook that can be read: damaged, locked, or not what it says it is."""


class TooMuch(Exception):
    """More than the limits allow; `what` names the limit, `row` where it was met."""

    def __init__(self, what: str, row: int = 0) -> None:
        super().__init__(what)
        self.what, self.row = what, row


@dataclass(frozen=True)
class Limits:
    """What is read at most: columns, characters of a cell, bytes of all parts unpacked, and of one part kept in memory.

    A million empty elements fit into five kilobytes and cost a second, so these are counted too: `elements` of all that
    the sheets share, `idle` ones of a sheet beyond four for every cell that says something (`c`, `is`, `t`, `f`).
    """

    columns: int = 200
    cell: int = 32_767
    unpacked: int = 600 * 1024 * 1024
    kept: int = 32 * 1024 * 1024
    parts: int = 2_000
    elements: int = 4_000_000
    idle: int = 2_000_000


@dataclass
class Book:
    """An open workbook: its sheets that are not hidden, texts shared by cells, which styles are dates."""

    package: zipfile.ZipFile
    limits: Limits
    sheets: dict[str, str] = field(default_factory=dict)
    strings: list[str] = field(default_factory=list)
    dates: frozenset[int] = frozenset()
    lengths: frozenset[int] = frozenset()
    epoch: dt.datetime = _EPOCH
    elements: int = 0  # read so far of what the sheets share


def open_book(file: BinaryIO, limits: Limits = Limits()) -> Book:
    """Read what all sheets share. Raises Broken, TooMuch."""
    file.seek(0)
    try:
        package = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise Broken from error
    parts = package.infolist()
    if len(parts) > limits.parts or sum(p.file_size for p in parts) > limits.unpacked:
        raise TooMuch("unpacked")
    book = Book(package, limits)
    links = _links(book, "xl/_rels/workbook.xml.rels")
    _read_workbook(book, links)
    if not book.sheets:
        raise Broken
    names = set(package.namelist())
    if "xl/styles.xml" in names:
        _read_styles(book)
    if "xl/sharedStrings.xml" in names:
        _read_strings(book)
    return book


def rows(book: Book, sheet: str = "") -> Iterator[tuple[int, list[Value]]]:
    """(row number as Excel shows it, values without the empty ones at the end) of a sheet, the first one by default.

    Rows without a value are left out.
    """
    part = book.sheets.get(sheet) or next(iter(book.sheets.values()))
    reader = _Sheet(book)
    parser = _parser()
    parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
    parser.CharacterDataHandler = reader.text
    for _chunk in _fed(parser, book, part):
        yield from reader.take()


class _Sheet:
    """Events of one sheet → rows. At most one row is under way, and it cannot grow past the limits."""

    def __init__(self, book: Book) -> None:
        self.book, self.limits = book, book.limits
        self.done: list[tuple[int, list[Value]]] = []
        self.number = self.column = 0
        self.cells: list[Value] = []
        self.said: list[str] = []
        self.kind, self.style, self.length = "n", 0, 0
        self.open = self.skip = False
        self.idle = 0

    def take(self) -> list[tuple[int, list[Value]]]:
        done, self.done = self.done, []
        return done

    def start(self, name: str, attrs: dict[str, str]) -> None:
        self.idle += 1
        if self.idle > self.limits.idle:
            raise TooMuch("idle", self.number)
        known = _NAMES.get(name)
        if known == "c":
            self.column = _column(attrs.get("r", "")) or self.column + 1
            self.kind, style = attrs.get("t", "n"), attrs.get("s", "0")
            self.style = int(style) if style.isdecimal() else 0
            self.said, self.length = [], 0
        elif known in ("v", "t"):
            self.open = not self.skip
        elif known == "rPh":
            self.skip = True
        elif known == "row":
            given = attrs.get("r", "")
            number = int(given) if given.isdecimal() and len(given) < 9 else 0
            self.number = max(number, self.number + 1)
            if self.number > LAST_ROW:
                raise TooMuch("rows", self.number)
            self.cells, self.column = [], 0

    def end(self, name: str) -> None:
        known = _NAMES.get(name)
        if known in ("v", "t"):
            self.open = False
        elif known == "rPh":
            self.skip = False
        elif known == "c":
            if self.said:
                self.idle -= 4
                self._put("".join(self.said))
        elif known == "row":
            while self.cells and self.cells[-1] in (None, ""):
                self.cells.pop()
            if self.cells:
                self.done.append((self.number, self.cells))

    def text(self, data: str) -> None:
        if self.open:
            self.length += len(data)
            if self.length > self.limits.cell:
                raise TooMuch("cell", self.number)
            self.said.append(data)

    def _put(self, said: str) -> None:
        at = self.column - 1
        if at >= self.limits.columns:
            raise TooMuch("columns", self.number)
        if at >= len(self.cells):
            self.cells.extend([None] * (at + 1 - len(self.cells)))
        self.cells[at] = self._value(said)

    def _value(self, said: str) -> Value:
        if self.kind == "s":
            if not said.isdecimal() or int(said) >= len(self.book.strings):
                raise Broken
            return self.book.strings[int(said)]
        if self.kind == "n":
            return self._number(said)
        if self.kind == "b":
            return said == "1"
        if self.kind == "d":
            return _iso(said)
        return said  # a text, or the name of an error such as #REF!

    def _number(self, said: str) -> Value:
        is_date = self.style in self.book.dates
        if not is_date and said.lstrip("-").isdecimal() and len(said) < 19:
            return int(said)
        try:
            number = float(said)
            if is_date:
                return _date(number, self.book.epoch, is_length=self.style in self.book.lengths)
            # Excel keeps 15 digits: 1.1 stands in the file as 1.1000000000000001.
            return Decimal(format(number, ".15g"))
        except (ValueError, OverflowError, ArithmeticError):
            return said


def _date(number: float, epoch: dt.datetime, *, is_length: bool) -> Value:
    """A serial number as what Excel shows: a date, a time of day, both, or a length of time."""
    seconds = round(number * 86_400)
    if is_length:
        return dt.timedelta(seconds=seconds)
    if 0 <= number < 1:
        return (_EPOCH + dt.timedelta(seconds=seconds % 86_400)).time()
    # Excel believes that 1900 was a leap year; before March of that year its dates are a day off.
    moment = epoch + dt.timedelta(days=1 if epoch.year == 1899 and number < 60 else 0, seconds=seconds)
    return moment.date() if seconds % 86_400 == 0 else moment


def _iso(said: str) -> Value:
    try:
        moment = dt.datetime.fromisoformat(said.removesuffix("Z"))
    except ValueError:
        return said
    return moment.date() if len(said) == 10 else moment


_columns: dict[str, int] = {}


def _column(reference: str) -> int:
    """ "BC12" → 55; 0 for what is no reference."""
    letters = reference.rstrip("0123456789")
    if letters not in _columns:
        if not letters.isalpha() or not letters.isascii() or len(letters) > 3:
            return 0
        number = 0
        for letter in letters.upper():
            number = number * 26 + ord(letter) - 64
        _columns[letters] = number
    return _columns[letters]


# --- what all sheets share ---------------------------------------------------------------------------


def _parser() -> Any:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    # A workbook has no document type; whoever brings one means to make entities of it.
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    return parser


def _refuse(*_args: Any) -> None:
    raise Broken


def _fed(parser: Any, book: Book, part: str) -> Iterator[None]:
    """Feed a part to a parser, chunk by chunk. What is no text is kept by it until its end: no tag is as long as a book."""
    size = 0
    for chunk in _chunks(book, part):
        _feed(parser, chunk)
        size += len(chunk)
        if size - parser.CurrentByteIndex > _LONGEST_TAG:
            raise Broken
        yield
    _feed(parser, b"", final=True)
    yield


def _feed(parser: Any, data: bytes, *, final: bool = False) -> None:
    try:
        parser.Parse(data, final)
    except expat.ExpatError as error:
        raise Broken from error


def _chunks(book: Book, part: str) -> Iterator[bytes]:
    """The bytes of a part, never more than its announced size, which was added up before."""
    try:
        with book.package.open(part) as stream:
            while chunk := stream.read(_CHUNK):
                yield chunk
    except (KeyError, zipfile.BadZipFile, OSError, EOFError, RuntimeError, NotImplementedError, zlib.error) as error:
        raise Broken from error


def _parse(book: Book, part: str, start: Callable[[str, dict[str, str]], None], **handlers: Any) -> None:
    try:
        size = book.package.getinfo(part).file_size
    except KeyError as error:
        raise Broken from error
    if size > book.limits.kept:
        raise TooMuch("unpacked")

    def counted(name: str, attrs: dict[str, str]) -> None:
        book.elements += 1
        if book.elements > book.limits.elements:
            raise TooMuch("unpacked")
        start(name, attrs)

    parser = _parser()
    parser.StartElementHandler = counted
    for name, handler in handlers.items():
        setattr(parser, name, handler)
    for _chunk in _fed(parser, book, part):
        pass


def _links(book: Book, part: str) -> dict[str, str]:
    found: dict[str, str] = {}

    def start(name: str, attrs: dict[str, str]) -> None:
        if name == _RELATION and attrs.get("TargetMode") != "External":
            target = attrs.get("Target", "")
            found[attrs.get("Id", "")] = (
                target[1:] if target.startswith("/") else posixpath.normpath(posixpath.join("xl", target))
            )

    _parse(book, part, start)
    return found


def _read_workbook(book: Book, links: dict[str, str]) -> None:
    hidden: dict[str, str] = {}

    def start(name: str, attrs: dict[str, str]) -> None:
        known = _NAMES.get(name)
        if known == "sheet":
            target = links.get(next((attrs[key] for key in _LINKS if key in attrs), ""), "")
            if target.startswith("xl/worksheets/"):
                (book.sheets if attrs.get("state", "visible") == "visible" else hidden)[attrs.get("name", "")] = target
        elif known == "workbookPr" and attrs.get("date1904") in {"1", "true"}:
            book.epoch = dt.datetime(1904, 1, 1)  # noqa: DTZ001 - cells have no zone

    _parse(book, "xl/workbook.xml", start)
    book.sheets = book.sheets or hidden


def _read_styles(book: Book) -> None:
    codes: dict[int, str] = {}
    used: list[int] = []
    inside = False

    def start(name: str, attrs: dict[str, str]) -> None:
        nonlocal inside
        known = _NAMES.get(name)
        if known == "numFmt" and attrs.get("numFmtId", "").isdecimal():
            codes[int(attrs["numFmtId"])] = attrs.get("formatCode", "")
        elif known == "cellXfs":
            inside = True
        elif known == "xf" and inside:
            given = attrs.get("numFmtId", "0")
            used.append(int(given) if given.isdecimal() else 0)

    def end(name: str) -> None:
        nonlocal inside
        inside = inside and _NAMES.get(name) != "cellXfs"

    _parse(book, "xl/styles.xml", start, EndElementHandler=end)
    is_date = {n for n in used if (_is_date(codes[n]) if n in codes else n in _DATE_IDS)}
    is_length = {n for n in is_date if (_LENGTH.search(codes[n]) if n in codes else n in _LENGTH_IDS)}
    book.dates = frozenset(i for i, n in enumerate(used) if n in is_date)
    book.lengths = frozenset(i for i, n in enumerate(used) if n in is_length)


def _is_date(code: str) -> bool:
    """Whether a number format shows dates or times: its letters, past texts, colors and conditions."""
    plain = _NOT_LETTERS.sub("", code.partition(";")[0]).lower().replace("general", "")
    return bool(re.search(r"[dmyhs]", plain))


def _read_strings(book: Book) -> None:
    said: list[str] = []
    state = {"open": False, "skip": False}

    def start(name: str, attrs: dict[str, str]) -> None:
        known = _NAMES.get(name)
        if known == "si":
            said.clear()
        elif known == "rPh":
            state["skip"] = True
        elif known == "t":
            state["open"] = not state["skip"]

    def end(name: str) -> None:
        known = _NAMES.get(name)
        if known == "t":
            state["open"] = False
        elif known == "rPh":
            state["skip"] = False
        elif known == "si":
            text = "".join(said)
            if len(text) > book.limits.cell:
                raise TooMuch("cell")
            book.strings.append(text)

    def text(data: str) -> None:
        if state["open"]:
            said.append(data)

    _parse(book, "xl/sharedStrings.xml", start, EndElementHandler=end, CharacterDataHandler=text)


# --- writing -----------------------------------------------------------------------------------------

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_SPREADSHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/><Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
    # Cell styles: 0 plain, 1 heading, 2 date, 3 date and time, 4 a text that begins like a formula (quotePrefix keeps it one).
    "xl/styles.xml": f'<styleSheet xmlns="{_SPREADSHEET}"><numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/><numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="5"><xf xfId="0"/><xf xfId="0" fontId="1" applyFont="1"/><xf xfId="0" numFmtId="164" applyNumberFormat="1"/>'
    '<xf xfId="0" numFmtId="165" applyNumberFormat="1"/><xf xfId="0" quotePrefix="1"/></cellXfs></styleSheet>',
}  # fmt: skip
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


class _Out:
    """What zipfile writes to: it cannot seek, and is emptied as it fills."""

    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: bytes) -> int:
        self.data += data
        return len(data)

    def flush(self) -> None:
        return None

    def take(self) -> bytes:
        taken = bytes(self.data)
        self.data.clear()
        return taken


def write(head: Iterable[str], body: Iterable[Iterable[Any]], *, sheet: str = "Sheet1") -> Iterator[bytes]:
    """A workbook of one sheet as bytes to send, made as the rows come."""
    out = _Out()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as package:  # type: ignore[call-overload]
        for name, content in _PARTS.items():
            package.writestr(name, _HEAD + content)
        package.writestr(
            "xl/workbook.xml",
            f'{_HEAD}<workbook xmlns="{_SPREADSHEET}" xmlns:r="{_OFFICE}"><sheets><sheet name={quoteattr(_sheet_name(sheet))} sheetId="1" r:id="rId1"/></sheets></workbook>',
        )
        with package.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            part.write(
                f'{_HEAD}<worksheet xmlns="{_SPREADSHEET}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
                "</sheetView></sheetViews><sheetData>".encode()
            )
            part.write(_row(head, style=1))
            for row in body:
                part.write(_row(row))
                if len(out.data) > _CHUNK:
                    yield out.take()
            part.write(b"</sheetData></worksheet>")
    yield out.take()


def _sheet_name(name: str) -> str:
    return re.sub(r"[\[\]:*?/\\]", " ", name)[:31].strip(" '") or "Sheet1"


def _row(cells: Iterable[Any], style: int = 0) -> bytes:
    return f"<row>{''.join(_cell(cell, style) for cell in cells)}</row>".encode()


def _cell(value: Any, style: int) -> str:
    if value is None or value == "":
        return "<c/>"
    if isinstance(value, bool):
        return f'<c t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | Decimal):
        return f"<c><v>{value}</v></c>"
    if isinstance(value, dt.datetime):
        naive = value.replace(tzinfo=None)
        return f'<c s="3"><v>{Decimal((naive - _EPOCH) / dt.timedelta(seconds=1)) / 86_400}</v></c>'
    if isinstance(value, dt.date):
        return f'<c s="2"><v>{(value - _EPOCH.date()).days}</v></c>'
    text = _FORBIDDEN.sub("", str(value))[:32_767]
    mark = f' s="{style}"' if style else ' s="4"' if text.startswith(("=", "+", "-", "@", "\t", "\r")) else ""
    return f'<c{mark} t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'
