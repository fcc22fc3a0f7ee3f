"""Workbooks and texts that mean harm, or that broke on their way: refused in a sentence, in little time and memory."""

import io
import tracemalloc
import zipfile

import pytest

from activities.domain.imports import batches
from common import tabular, xlsx
from common.tabular import Unreadable

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINK = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
ROW = '<row r="1"><c r="A1" t="inlineStr"><is><t>E-mail</t></is></c></row>'


def sheet(body: str, before: str = "") -> str:
    return f'<?xml version="1.0"?>{before}<worksheet xmlns="{MAIN}"><sheetData>{body}</sheetData></worksheet>'


def package(body: str = ROW, *, without: str = "", **more: str | bytes) -> io.BytesIO:
    """A workbook of one sheet; `more` replaces or adds parts, `without` leaves one out."""
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": "<Types/>",
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{LINK}"><sheets><sheet name="One" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": sheet(body),
        **more,
    }  # fmt: skip
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in parts.items():
            if name != without:
                out.writestr(name, content)
    return file


def read(file: io.BytesIO) -> list[list[object]]:
    return [row.cells for row in tabular.rows(file, tabular.sniff(file))]


def text(content: str | bytes) -> list[list[object]]:
    return read(io.BytesIO(content.encode() if isinstance(content, str) else content))


def strings(body: str, before: str = "") -> str:
    return f'<?xml version="1.0"?>{before}<sst xmlns="{MAIN}">{body}</sst>'


LAUGHS = '<!DOCTYPE x [<!ENTITY a "haha"><!ENTITY b "' + "&a;" * 50 + '"><!ENTITY c "' + "&b;" * 50 + '">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
CELL = '<row r="1"><c r="{}" t="inlineStr"><is><t>{}</t></is></c></row>'
SHARED = '<row r="1"><c r="A1" t="s"><v>{}</v></c></row>'
BROKEN = {
    "entities in a sheet": package(**{"xl/worksheets/sheet1.xml": sheet(ROW.replace("E-mail", "&c;"), LAUGHS)}),
    "a file of the server": package(**{"xl/worksheets/sheet1.xml": sheet(ROW.replace("E-mail", "&a;"), OUTSIDE)}),
    "entities in texts": package(**{"xl/sharedStrings.xml": strings("<si><t>&c;</t></si>", LAUGHS)}),
    "a bare document type": package(**{"xl/workbook.xml": "<!DOCTYPE x><x/>"}),
    "no workbook": package(without="xl/workbook.xml"),
    "no relations": package(without="xl/_rels/workbook.xml.rels"),
    "no sheet": package(without="xl/worksheets/sheet1.xml"),
    "a picture for a sheet": package(**{"xl/worksheets/sheet1.xml": b"\x89PNG\r\n\x1a\n"}),
    "a sheet cut off": package(**{"xl/worksheets/sheet1.xml": sheet(ROW)[:-30]}),
    "nothing in the sheet": package(**{"xl/worksheets/sheet1.xml": b""}),
    "a text that is not there": package(SHARED.format(9)),
    "a text before the first": package(SHARED.format(-1)),
    "a text that is no number": package(SHARED.format("one")),
    "a text of a hundred digits": package(SHARED.format("9" * 100)),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_and_hostile_workbooks_are_refused(name):
    with pytest.raises(Unreadable, match=r"This workbook cannot be read\. Open it, save it again"):
        read(BROKEN[name])


def test_a_package_that_is_locked_or_cut_off_is_refused():
    whole = package().getvalue()
    locked = bytearray(whole)
    start = whole.index(b"PK\x01\x02")
    while start != -1:
        locked[start + 8] |= 1  # "encrypted", in every entry of the directory
        start = whole.find(b"PK\x01\x02", start + 4)
    for content in (bytes(locked), whole[: len(whole) // 2], whole[:4]):
        with pytest.raises(Unreadable, match="This workbook cannot be read"):
            read(io.BytesIO(content))


def announced(part: str, size: int) -> io.BytesIO:
    """A workbook whose directory says that a part is so large unpacked."""
    whole = bytearray(package(**{part: b" "} if part.startswith("xl/media") else {}).getvalue())
    at = whole.index(b"PK\x01\x02")
    while whole[at + 46 : at + 46 + len(part)] != part.encode():
        at = whole.index(b"PK\x01\x02", at + 4)
    whole[at + 24 : at + 28] = size.to_bytes(4, "little")
    return io.BytesIO(bytes(whole))


@pytest.mark.parametrize(
    ("part", "megabytes"), [("xl/worksheets/sheet1.xml", 601), ("xl/media/1.bin", 601), ("xl/workbook.xml", 33)]
)
def test_a_bomb_is_refused_by_what_it_announces(part, megabytes):
    with pytest.raises(Unreadable, match="unpacks to more than we read"):
        read(announced(part, megabytes * 1024 * 1024))


def test_a_part_that_unpacks_to_more_than_it_announced_is_never_read_past_that():
    """The data are 20 MB of blanks, the directory says 100 bytes: the check sum is wrong, the book is refused."""
    file = package(**{"xl/worksheets/sheet1.xml": sheet(ROW) + " " * 20_000_000})
    whole = bytearray(file.getvalue())
    part = b"xl/worksheets/sheet1.xml"
    at = whole.rindex(part) - 46
    whole[at + 24 : at + 28] = (100).to_bytes(4, "little")
    tracemalloc.start()
    with pytest.raises(Unreadable, match="cannot be read"):
        read(io.BytesIO(bytes(whole)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000


def test_ten_thousand_parts_are_refused():
    file = package(**{f"xl/media/{n}": b"" for n in range(2_100)})
    with pytest.raises(Unreadable, match="unpacks to more than we read"):
        read(file)


def test_deep_nesting_is_read_past_without_growing():
    deep = "<x>" * 50_000 + "</x>" * 50_000
    assert read(package(ROW + deep)) == [["E-mail"]]


@pytest.mark.parametrize("reference", ["GS1", "XFD1", "ZZZ1"])
def test_the_last_column_of_excel_is_too_far(reference):
    with pytest.raises(Unreadable, match="Row 1 has more than 200 columns"):
        read(package(CELL.format(reference, "far")))


EMPTY = {
    "cells in one row": "<row>{}</row>".format("<c/>" * 2_100_000),
    "values in one cell": "<row><c>{}</c></row>".format("<v/>" * 2_100_000),
    "what nobody knows": "<x/>" * 2_100_000,
}


@pytest.mark.parametrize("name", EMPTY)
def test_a_sheet_of_nothing_has_an_end(name):
    """Millions of empty elements fit into some kilobytes, and no other limit counts them."""
    file = package(ROW + EMPTY[name])
    assert len(file.getvalue()) < 40_000
    with pytest.raises(Unreadable, match="This sheet has more empty cells than we read past"):
        read(file)


def test_the_first_rows_of_an_upload_are_looked_for_with_less_patience():
    file = package("<row/>" * 510_000)
    assert read(file) == []
    with pytest.raises(Unreadable, match="more empty cells than we read past"):
        batches._sample(file, tabular.sniff(file))


def test_empty_cells_with_a_look_of_their_own_are_read_past():
    """People color whole blocks: cells without a value, also far to the right, are no reason to refuse a list."""
    row = '<row>{}<c r="ZZ1" s="1"/></row>'.format('<c s="1"/>' * 50)
    assert read(package(ROW + row * 2_000)) == [["E-mail"]]


def test_what_is_said_is_not_counted_as_nothing():
    row = "<row>{}</row>".format("<c t='inlineStr'><is><t>x</t></is></c>" * 100)
    file = package(row * 100)
    assert len(list(tabular.rows(file, tabular.sniff(file), tabular.Limits(idle=500)))) == 100


@pytest.mark.parametrize("part", ["xl/sharedStrings.xml", "xl/styles.xml"])
def test_what_sheets_share_has_an_end_too(part):
    with pytest.raises(Unreadable, match="unpacks to more than we read"):
        read(package(**{part: "<x>{}</x>".format("<x/>" * 4_100_000)}))


@pytest.mark.parametrize("long", ["<row a='{}'/>", "<!--{}-->", "<?x {}?>"])
def test_a_tag_or_a_remark_of_megabytes_is_not_kept(long):
    with pytest.raises(Unreadable, match="cannot be read"):
        read(package(ROW + long.format("x" * 3_000_000)))


def test_two_hundred_columns_are_read_and_no_cell_more():
    cells = "".join("<c t='inlineStr'><is><t>x</t></is></c>" for _n in range(200))
    assert read(package(f"<row r='1'>{cells}</row>")) == [["x"] * 200]
    with pytest.raises(Unreadable, match="more than 200 columns"):
        read(package(f"<row r='1'>{cells}<c t='inlineStr'><is><t>x</t></is></c></row>"))


def test_a_row_past_the_last_of_excel_is_refused():
    with pytest.raises(Unreadable, match="unpacks to more than we read"):
        read(package(CELL.format("A1", "x").replace('r="1"', 'r="99999999"', 1)))


def test_cells_and_shared_texts_have_an_end():
    long = "x" * 32_768
    with pytest.raises(Unreadable, match="Row 1 has a cell of more than 32,767 characters"):
        read(package(CELL.format("A1", long)))
    with pytest.raises(Unreadable):
        read(package(SHARED.format(0), **{"xl/sharedStrings.xml": strings(f"<si><t>{long}</t></si>")}))


def test_a_text_in_a_million_pieces_has_an_end():
    """One shared text of many short runs: each is short, together they are not."""
    runs = "<r><t>xxxxxxxxxx</t></r>" * 100_000
    tracemalloc.start()
    with pytest.raises(Unreadable):
        read(package(SHARED.format(0), **{"xl/sharedStrings.xml": strings(f"<si>{runs}</si>")}))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 15_000_000


def test_a_sheet_elsewhere_and_paths_that_climb_are_no_sheets():
    for target in ("http://evil.example/sheet1.xml", "../../../etc/passwd", "/etc/passwd", "media/1.bin"):
        rels = f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Target="{target}"/></Relationships>'
        with pytest.raises(Unreadable):
            read(package(**{"xl/_rels/workbook.xml.rels": rels}))


def test_numbers_that_are_none_are_texts():
    body = "".join(f"<c><v>{said}</v></c>" for said in ("1e999999", "nan", "-inf", "1_000", "٣", "9" * 400))
    cells = read(package(f'<row r="1">{body}</row>'))[0]
    assert all(isinstance(tabular.text(cell), str) for cell in cells)


def test_a_date_past_the_end_of_time_is_a_text():
    styles = f'<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="14"/></cellXfs></styleSheet>'
    for said in ("99999999999", "-99999999999", "nan", "1e308"):
        (cells,) = read(package(f'<row r="1"><c s="0"><v>{said}</v></c></row>', **{"xl/styles.xml": styles}))
        assert cells == [said]


# --- texts ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_every_encoding_that_programs_write_is_read(encoding):
    said = "E-mail,Name\r\nreka@northpier.example,Réka Kovács\r\nthu@northpier.example,Trần Minh Thư\r\n"
    assert text(said.encode(encoding)) == [
        ["E-mail", "Name"], ["reka@northpier.example", "Réka Kovács"], ["thu@northpier.example", "Trần Minh Thư"],
    ]  # fmt: skip


def test_half_a_character_at_the_end_is_marked_and_not_fatal():
    assert text("E-mail,Name\na@b.example,Réka".encode("utf-16")[:-1])[1][0] == "a@b.example"


def test_mixed_line_ends_and_lines_without_an_end_are_rows():
    assert text("a,b\rc,d\ne,f\r\ng,h") == [["a", "b"], ["c", "d"], ["e", "f"], ["g", "h"]]


def test_nothing_that_a_database_refuses_passes():
    cells = text(b"E-mail,Name\na\x00na@b.example,A\x07n\x1ba\x7f\n")[1]
    assert cells == ["ana@b.example", "Ana"]


@pytest.mark.parametrize("sign", ["=", "+", "-", "@"])
def test_what_a_spreadsheet_would_run_is_a_text_and_leaves_harmless(sign):
    said = f'{sign}cmd|"/c calc"!A1'
    (cells,) = text(f'"{said.replace(chr(34), chr(34) * 2)}",x\n')
    assert cells[0] == said
    assert tabular.safe(cells[0]) == "'" + said
    assert tabular.clean(tabular.safe(cells[0])) == said


def test_a_quotation_mark_that_is_never_closed_has_an_end():
    with pytest.raises(Unreadable):
        text('E-mail,Name\n"' + "x,y\n" * 100_000)


def test_a_line_without_an_end_is_no_table():
    with pytest.raises(Unreadable, match="a line of a million characters"):
        text("x" * 1_000_001)


@pytest.mark.parametrize("content", [b"", b"\n\n\n", b"\xef\xbb\xbf", b",,,\n,,\n", b"\xff\xfe"])
def test_nothing_is_no_row(content):
    assert text(content) == []


def test_what_was_written_is_read_back_the_same():
    rows = [["=1+1", "Réka", 5], ["", "@x", 7]]
    made = io.BytesIO(b"".join(xlsx.write(["A", "B", "C"], rows)))
    assert read(made) == [["A", "B", "C"], ["=1+1", "Réka", 5], [None, "@x", 7]]
