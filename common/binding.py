"""Many of our documents bound into one PDF: tags kept, bookmarks by name, equal parts stored once, memory constant.

Each document is read by pikepdf, copied object by object to the output, and forgotten. Signatures are left out: they are of
each file, and what is bound is for reading and printing.
"""

import hashlib
from array import array
from collections.abc import Callable, Iterator
from decimal import Decimal
from io import BytesIO
from typing import Any, BinaryIO
from xml.sax.saxutils import escape

CATALOG, PAGES, INFO, TREE, WHOLE, PARENTS, OUTLINE, METADATA = range(1, 9)
_XMP = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/" pdfuaid:part="1">'
    '<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title></rdf:Description></rdf:RDF>'
    '</x:xmpmeta><?xpacket end="w"?>'
)
# What may be left out of a document that becomes a part of another.
_LEFT_OUT = frozenset({"/Parent"})


class Binder:
    """Write one PDF from many: `add` each, then `close`."""

    def __init__(self, out: BinaryIO, *, title: str, lang: str = "en") -> None:
        self._out, self._title, self._lang = out, title, lang
        self._at = 0
        self._offsets = array("Q", [0] * (METADATA + 1))
        self._known: dict[bytes, int] = {}
        self._pages: list[int] = []
        self._elements: list[int] = []
        self._leaves: list[tuple[int, int, int]] = []
        self._bookmarks: list[tuple[int, int, str]] = []
        self._parents = 0
        self._write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")

    def add(self, content: bytes, *, label: str) -> None:
        """Append a document, with a bookmark to its first page."""
        import pikepdf

        with pikepdf.open(BytesIO(content)) as source:
            part = _Part(self)
            first = len(self._pages)
            pages = [page.obj for page in source.pages]
            for page in pages:
                part.numbers[page.objgen] = self.new()
            self._pages += [part.numbers[page.objgen] for page in pages]
            tree = source.Root.StructTreeRoot
            self._elements += [part.number(element) for element in _each(tree.K)]
            self._leaf(part, tree)
            for page in pages:
                self.put(part.numbers[page.objgen], part.page(page, self._parents))
            part.finish()
            self._parents = self._leaves[-1][2] + 1
            self._bookmarks.append((self.new(), self._pages[first], label))

    def close(self) -> None:
        """Write what holds the parts together, and the table of where everything stands."""
        self.put(PAGES, b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(self._pages), _refs(self._pages)))
        self.put(TREE, b"<</Type/StructTreeRoot/ParentTree %d 0 R/K[%d 0 R]>>" % (PARENTS, WHOLE))
        self.put(WHOLE, b"<</Type/StructElem/S/Document/P %d 0 R/K[%s]>>" % (TREE, _refs(self._elements)))
        leaves = [number for number, _low, _high in self._leaves]
        self.put(PARENTS, b"<</Kids[%s]>>" % _refs(leaves))
        self._outline()
        xmp = _XMP.format(title=escape(self._title)).encode()
        self.put(METADATA, b"<</Type/Metadata/Subtype/XML/Length %d>>\nstream\n%s\nendstream" % (len(xmp), xmp))
        self.put(INFO, b"<</Title %s/Producer(CME Portal)>>" % _text(self._title))
        self.put(
            CATALOG,
            b"<</Type/Catalog/Pages %d 0 R/StructTreeRoot %d 0 R/Outlines %d 0 R/Metadata %d 0 R/Lang %s/MarkInfo<</Marked true>>"
            b"/ViewerPreferences<</DisplayDocTitle true>>/PageMode/UseOutlines>>"
            % (PAGES, TREE, OUTLINE, METADATA, _text(self._lang)),
        )
        table = self._at
        self._write(b"xref\n0 %d\n0000000000 65535 f \n" % len(self._offsets))
        for start in range(1, len(self._offsets), 1000):
            self._write(b"".join(b"%010d 00000 n \n" % at for at in self._offsets[start : start + 1000]))
        size = len(self._offsets)
        self._write(
            b"trailer\n<</Size %d/Root %d 0 R/Info %d 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, CATALOG, INFO, table)
        )

    # --- for the parts

    def new(self) -> int:
        """A number for an object that will be written later."""
        self._offsets.append(0)
        return len(self._offsets) - 1

    def put(self, number: int, body: bytes) -> None:
        self._offsets[number] = self._at
        self._write(b"%d 0 obj\n%s\nendobj\n" % (number, body))

    def once(self, body: bytes) -> int:
        """The number of a stream that was written before, or of this one, written now."""
        key = hashlib.sha256(body).digest()
        if key not in self._known:
            self._known[key] = self.new()
            self.put(self._known[key], body)
        return self._known[key]

    def _write(self, data: bytes) -> None:
        self._out.write(data)
        self._at += len(data)

    def _leaf(self, part: "_Part", tree: Any) -> None:
        """The document's part of the parent tree, its keys moved behind those of the documents before."""
        nums, pairs, low, high = list(_each(tree.ParentTree.Nums)), [], 0, 0
        keys = [int(key) + self._parents for key in nums[::2]]
        for key, value in zip(keys, nums[1::2], strict=True):
            pairs.append(b"%d %s" % (key, part.write(value)))
        low, high = min(keys), max(keys)
        number = self.new()
        self.put(number, b"<</Limits[%d %d]/Nums[%s]>>" % (low, high, b" ".join(pairs)))
        self._leaves.append((number, low, high))

    def _outline(self) -> None:
        marks = self._bookmarks
        for i, (number, page, label) in enumerate(marks):
            before = b"/Prev %d 0 R" % marks[i - 1][0] if i else b""
            after = b"/Next %d 0 R" % marks[i + 1][0] if i + 1 < len(marks) else b""
            body = b"<</Title %s/Parent %d 0 R/Dest[%d 0 R/Fit]%s%s>>"
            self.put(number, body % (_text(label), OUTLINE, page, before, after))
        ends = b"/First %d 0 R/Last %d 0 R" % (marks[0][0], marks[-1][0]) if marks else b""
        self.put(OUTLINE, b"<</Type/Outlines/Count %d%s>>" % (len(marks), ends))


class _Part:
    """One document on its way into the bound one: which of its objects got which number."""

    def __init__(self, binder: Binder) -> None:
        self.binder = binder
        self.numbers: dict[tuple[int, int], int] = {}
        self._waiting: list[tuple[int, Any]] = []

    def number(self, item: Any) -> int:
        """The number of an indirect object; it is written in its turn."""
        import pikepdf

        if item.objgen not in self.numbers:
            if isinstance(item, pikepdf.Stream):
                self.numbers[item.objgen] = self.binder.once(self._stream(item))
            else:
                self.numbers[item.objgen] = self.binder.new()
                self._waiting.append((self.numbers[item.objgen], item))
        return self.numbers[item.objgen]

    def finish(self) -> None:
        while self._waiting:
            number, item = self._waiting.pop()
            self.binder.put(number, self.body(item))

    def page(self, page: Any, base: int) -> bytes:
        """A page without its signature field, its keys into the parent tree moved."""
        parts = []
        for name, value in page.items():
            if name == "/Parent":
                value_ = b"%d 0 R" % PAGES
            elif name == "/StructParents":
                value_ = b"%d" % (int(value) + base)
            elif name == "/Annots":
                kept = [note for note in _each(value) if note.get("/Subtype") != "/Widget"]
                value_ = b"[%s]" % b" ".join(self._annotation(note, base) for note in kept)
            else:
                value_ = self.write(value)
            parts.append(name.encode() + b" " + value_)
        return b"<<%s>>" % b"".join(parts)

    def _annotation(self, note: Any, base: int) -> bytes:
        if note.objgen not in self.numbers:
            self.numbers[note.objgen] = self.binder.new()
        number = self.numbers[note.objgen]
        parts = [
            name.encode() + b" " + (b"%d" % (int(value) + base) if name == "/StructParent" else self.write(value))
            for name, value in note.items()
        ]
        self._waiting = [(n, item) for n, item in self._waiting if n != number]
        self.binder.put(number, b"<<%s>>" % b"".join(parts))
        return b"%d 0 R" % number

    def write(self, item: Any) -> bytes:
        """A value in its place: indirect objects by number, the rest as it is."""
        if getattr(item, "is_indirect", False):
            return b"%d 0 R" % self.number(item)
        return self.body(item)

    def body(self, item: Any, *, whole: bool = False) -> bytes:
        """An object as it is written; `whole` writes what it refers to in place, for parts that are the same everywhere."""
        import pikepdf

        if isinstance(item, pikepdf.Stream):
            return b"%d 0 R" % self.number(item)
        write: Callable[[Any], bytes] = (lambda value: self.body(value, whole=True)) if whole else self.write
        if isinstance(item, pikepdf.Dictionary):
            pairs = ((name, value) for name, value in item.items())
            if item.get("/Type") == "/StructElem" and item.get("/S") == "/Document":
                rest = b"".join(n.encode() + b" " + write(v) for n, v in pairs if n not in {"/P", "/S"})
                return b"<</S/Part/P %d 0 R%s>>" % (WHOLE, rest)
            return b"<<%s>>" % b"".join(n.encode() + b" " + write(v) for n, v in pairs if n not in _LEFT_OUT)
        if isinstance(item, pikepdf.Array):
            return b"[%s]" % b" ".join(map(write, item))
        if isinstance(item, bool):
            return b"true" if item else b"false"
        if item is None:
            return b"null"
        if isinstance(item, int | Decimal):
            return f"{item:f}".encode() if isinstance(item, Decimal) else b"%d" % item
        return bytes(item.unparse())

    def _stream(self, item: Any) -> bytes:
        raw = item.read_raw_bytes()
        pairs = []
        for name, value in item.stream_dict.items():
            if name != "/Length":
                shared = name == "/Resources" and item.stream_dict.get("/Subtype") == "/Form"
                pairs.append(name.encode() + b" " + (self.body(value, whole=True) if shared else self.write(value)))
        return b"<</Length %d%s>>\nstream\n%s\nendstream" % (len(raw), b"".join(pairs), raw)


def _each(item: Any) -> Iterator[Any]:
    import pikepdf

    yield from item if isinstance(item, pikepdf.Array) else [item]


def _refs(numbers: list[int]) -> bytes:
    return b" ".join(b"%d 0 R" % number for number in numbers)


def _text(text: str) -> bytes:
    return b"<" + (b"\xfe\xff" + text.encode("utf-16-be", "replace")).hex().encode() + b">"
