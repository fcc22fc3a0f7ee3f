"""HTML templates to tagged PDF (PDF/UA-1) by WeasyPrint: no network, no files but our own, same context same bytes.

WeasyPrint is imported on first use: without its system libraries everything but PDFs works.
What is costly is kept for the life of the process: fonts, the parsed stylesheet, drawings as PDF operators.
"""

import contextlib
import ctypes
import gc
import hashlib
import importlib.util
import os
import re
import threading
import zlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import structlog
from django.template import engines
from django.utils import translation

from common import drawings, styles, typeset

if TYPE_CHECKING:
    from common.signing import Signer

log = structlog.get_logger(__name__)

STATIC = Path(__file__).resolve().parent.parent / "static"
STYLESHEET = STATIC / "css" / "print.css"
APT_LINE = "apt-get install --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
LIBRARIES = (
    "libgobject-2.0.so.0",
    "libpango-1.0.so.0",
    "libpangoft2-1.0.so.0",
    "libharfbuzz.so.0",
    "libfontconfig.so.1",
)
SUBSETTER = "libharfbuzz-subset.so.0"
# The only addresses a document may use: a plain file name in one of two folders.
ASSET = re.compile(r"asset:(img|fonts)/((?:print/)?[a-z0-9][a-z0-9-]*\.(?:svg|png|ttf|woff2))", re.ASCII)
# What neither XML metadata nor HTML may hold.
CONTROL = dict.fromkeys([*range(9), 11, 12, *range(14, 32), *range(127, 160), 0xFFFE, 0xFFFF])
# All elements our templates use, and nothing else: each of the rules for any web page is tried on an element whose style is not kept.
ELEMENTS = """
html, body, main, section, div, p, h1, h2 { display: block }
head, title, meta { display: none }
b, th { font-weight: bold } em { font-style: italic } h1, h2 { font-weight: bold; bookmark-label: content(text) }
h1 { bookmark-level: 1 } h2 { bookmark-level: 2 }
table { display: table; box-sizing: border-box } thead { display: table-header-group } tbody { display: table-row-group }
tr { display: table-row } td, th { display: table-cell } img { overflow: hidden }
[dir=rtl] { direction: rtl; unicode-bidi: isolate }
@page { @bottom-left { text-align: left; vertical-align: middle } @bottom-right { text-align: right; vertical-align: middle } }
"""
LOOK, LOOKS_KEPT = "look:", 16
PNG = b"\x89PNG\r\n\x1a\n"
UNKNOWN_GLYPH = 0x10000000  # PANGO_GLYPH_UNKNOWN_FLAG: the low bits are the code point


class PdfError(Exception):
    """A document could not be made."""


class PdfUnavailable(PdfError):
    """The PDF engine is missing; the message says what to install."""


class RefusedAddress(PdfError):
    """A document asked for something that is not one of our own committed files."""


def asset(url: str) -> bytes:
    """The committed file behind ``asset:img/…`` or ``asset:fonts/…``; anything else is refused."""
    if not (match := ASSET.fullmatch(url)):
        raise RefusedAddress(f"Documents may not load {url[:120]!r}.")
    path = STATIC / match[1] / match[2]
    if not path.is_file():
        raise RefusedAddress(f"There is no file static/{match[1]}/{match[2]}.")
    return path.read_bytes()


class Written:
    """An object of the document as the bytes it will be, made once; pydyf asks for them twice, to identify and to write."""

    free, compressible = "n", True

    def __init__(self, item: Any) -> None:
        self.number, self.generation, self.offset = item.number, item.generation, 0
        self.compressible = item.compressible
        self.data = item.data

    @property
    def indirect(self) -> bytes:
        return b"%d %d obj\n%s\nendobj" % (self.number, self.generation, self.data)

    @property
    def reference(self) -> bytes:
        return b"%d %d R" % (self.number, self.generation)


def _settle(pdf: Any) -> None:
    """Compress every stream and write every object now, once."""
    import pydyf

    for item in pdf.objects[1:]:
        if isinstance(item, pydyf.Stream) and item.compress:
            item.stream = [zlib.compress(b"\n".join(map(drawings.to_bytes, item.stream)), 6)]
            item.extra["Filter"] = "/FlateDecode"
            item.compress = False
    pdf.objects[1:] = [Written(item) if item.free == "n" else item for item in pdf.objects[1:]]


@dataclass(frozen=True)
class Look:
    """What a version of a design adds to our own: rules after print.css, and pictures that a document names `look:NAME`.

    `key` names exactly this content: what is compiled under it is kept for the life of the process.
    """

    key: str
    css: str
    pictures: Mapping[str, bytes]


class Compiled:
    """A look ready to use: its stylesheet parsed, its pictures as PDF operators, the styles computed with it."""

    def __init__(self, engine: "Engine", look: Look | None) -> None:
        self.memory: dict[tuple[Any, ...], Any] = {}
        self.styles = styles.keeping(engine.style_for, self.memory)
        self.sheets = [engine.stylesheet]
        self.pictures: dict[str, Any] = {}
        if look is not None:
            self.sheets.append(engine.css(look.css))
            for name, source in look.pictures.items():
                url = f"{LOOK}{name}"
                self.pictures[url] = (
                    drawings.Bitmap(source, url)
                    if source.startswith(PNG)
                    else drawings.Drawing(source, url, engine.fetcher)
                )


class Images(dict[str, Any]):
    """The image cache of one document: drawings come from the process, QR codes are made on the way."""

    def __init__(self, engine: "Engine", compiled: Compiled) -> None:
        super().__init__(compiled.pictures)
        self._engine = engine

    def __contains__(self, url: object) -> bool:
        return dict.__contains__(self, url) or (
            isinstance(url, str) and (url.startswith("qr:") or (url.endswith(".svg") and url in self._engine))
        )

    def __missing__(self, url: str) -> Any:
        self[url] = drawings.QrCode(url.removeprefix("qr:")) if url.startswith("qr:") else self._engine.drawing(url)
        return self[url]


class Engine:
    """What WeasyPrint needs for every document, made once per process."""

    def __init__(self) -> None:
        try:
            import cssselect2
            import weasyprint
            import weasyprint.css
            from weasyprint.text.ffi import ffi, fontconfig, pangoft2
            from weasyprint.text.fonts import FontConfiguration
            from weasyprint.urls import URLFetcher, URLFetcherResponse
        except (ImportError, OSError) as error:
            raise PdfUnavailable(
                f"PDFs need system libraries that are missing. On Debian and Ubuntu: {APT_LINE}"
            ) from error

        class Fetcher(URLFetcher):
            """Deny all but our own files; a refusal stops the document."""

            refused: list[RefusedAddress] = []

            def fetch(self, url: str, headers: Any = None) -> Any:
                try:
                    return URLFetcherResponse(url, body=asset(url))
                except RefusedAddress as error:
                    self.refused.append(error)
                    raise

        elements = weasyprint.CSS(string=ELEMENTS)
        fetcher = Fetcher(fail_on_errors=True)

        class Page(weasyprint.HTML):
            """A document from XML: our templates are well-formed, and the C parser is twenty times as fast."""

            def __init__(self, source: str) -> None:
                root = ElementTree.fromstring(source)  # noqa: S314 - write() refuses entities
                self.base_url, self.url_fetcher, self.media_type = None, fetcher, "print"
                self.wrapper_element = cssselect2.ElementWrapper.from_html_root(root, content_language=None)
                self.etree_element = self.wrapper_element.etree_element

            def _ua_stylesheets(self, forms: bool = False) -> list[Any]:
                return [elements]

        self.page = Page
        self.version = str(weasyprint.__version__)
        self.fetcher = fetcher
        self.fonts = FontConfiguration()
        # Registered in place: @font-face would copy every file to a temporary folder that a killed worker leaves behind.
        for name in typeset.FACES.values():
            if not fontconfig.FcConfigAppFontAddFile(self.fonts._config, os.fsencode(typeset.FONT_DIR / name)):
                raise PdfError(
                    f"The font static/fonts/print/{name} is missing. Run manage.py build_print_assets --fonts."
                )
        pangoft2.pango_fc_font_map_config_changed(ffi.cast("PangoFcFontMap *", self.fonts.font_map))
        self.style_for = weasyprint.css.StyleFor
        self.stylesheet = self.css(STYLESHEET.read_text())
        self._drawings: dict[str, drawings.Drawing] = {}
        self._looks: OrderedDict[str, Compiled] = OrderedDict()

    def __contains__(self, url: str) -> bool:
        return url in self._drawings or bool(ASSET.fullmatch(url))

    def drawing(self, url: str) -> drawings.Drawing:
        if url not in self._drawings:
            self._drawings[url] = drawings.Drawing(asset(url), url, self.fetcher)
        return self._drawings[url]

    def css(self, text: str) -> Any:
        import weasyprint

        return weasyprint.CSS(string=text, url_fetcher=self.fetcher, font_config=self.fonts)

    def look(self, look: Look | None) -> Compiled:
        """What a look needs for every document, compiled once; the ones used last are kept."""
        key = look.key if look else ""
        if key not in self._looks:
            self._looks[key] = Compiled(self, look)
            if len(self._looks) > LOOKS_KEPT:
                self._looks.popitem(last=False)
        self._looks.move_to_end(key)
        return self._looks[key]


_lock = threading.RLock()
_engines: dict[int, Engine] = {}


def engine() -> Engine:
    """The engine of this process; a forked child makes its own."""
    with _lock:
        if (pid := os.getpid()) not in _engines:
            _engines[pid] = Engine()
        return _engines[pid]


def to_html(
    template: str, context: dict[str, Any], *, title: str, lang: str = "en", created: datetime | None = None
) -> str:
    """The filled template; every text in the context is escaped by the template engine."""
    values = {
        **context,
        "title": title,
        "lang": lang,
        "author": context.get("provider_name", ""),
        "created": created.isoformat() if created else "",
    }
    with translation.override(lang):
        return engines["django"].get_template(template).render(values).translate(CONTROL)


@contextlib.contextmanager
def _collector_at_rest() -> Iterator[None]:
    """No garbage is looked for while a document is made: nearly all of its many boxes live to its end."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def write(html: str, *, identifier: str = "", look: Look | None = None, signer: "Signer | None" = None) -> bytes:
    """PDF/UA-1 bytes of one of our documents; with a signer they are certified, and no two writings are the same."""
    current = engine()
    import weasyprint.css
    from weasyprint.urls import FatalURLFetchingError

    if "<!ENTITY" in html:
        raise PdfError("Documents may not declare entities.")
    identity = hashlib.sha256((identifier or html).encode()).hexdigest()[:32]

    def finish(_document: Any, pdf: Any) -> None:
        if signer is not None:
            signer.prepare(pdf)
        _settle(pdf)

    with _lock, _collector_at_rest():
        current.fetcher.refused.clear()
        try:
            compiled = current.look(look)
            weasyprint.css.StyleFor = compiled.styles
            document = current.page(html).write_pdf(
                finisher=finish,
                font_config=current.fonts,
                stylesheets=compiled.sheets,
                cache=Images(current, compiled),
                pdf_variant="pdf/ua-1",
                pdf_identifier=identity,
            )
        except ElementTree.ParseError as error:
            raise PdfError(f"The template is not well-formed: {error}.") from error
        except drawings.NotDrawable as error:
            raise PdfError(str(error)) from error
        except FatalURLFetchingError as error:
            raise RefusedAddress(str(error.__cause__ or error)) from error
        finally:
            weasyprint.css.StyleFor = current.style_for
        if current.fetcher.refused:
            raise current.fetcher.refused[0]
    return signer.finish(document) if signer is not None else bytes(document)


def render(
    template: str,
    context: dict[str, Any],
    *,
    title: str,
    lang: str = "en",
    identifier: str = "",
    created: datetime | None = None,
    look: Look | None = None,
    signer: "Signer | None" = None,
) -> bytes:
    """Fill the template and return a tagged PDF; without a signer the same arguments give the same bytes."""
    html = to_html(template, context, title=title, lang=lang, created=created)
    return write(html, identifier=identifier, look=look, signer=signer)


WARM: dict[str, dict[str, Any]] = {
    "pdf/certificate.html": {
        "code": "AA-00-AAAA-AAAA-AAAA",
        "verify_url": "https://example.org/verify/AA-00-AAAA-AAAA-AAAA",
        "sentence": [
            {"kind": kind, "runs": [{"text": "Warm", "style": ""}]} for kind in ("org", "lead", "name", "title")
        ]
        + [{"kind": "credit", "runs": [{"text": "1.00", "style": "strong"}, {"text": "Credit", "style": "mark"}]}],
        "statements": [[{"text": "Warm", "style": ""}]],
    },
    "pdf/transcript.html": {
        "code": "AA-00-AAAA-AAAA-AAAA",
        "verify_url": "https://example.org/verify/AA-00-AAAA-AAAA-AAAA",
        "groups": [{"title": "2000", "rows": [{"date": "Jan 1", "title": "Warm", "credits": "1.00"}]}],
    },
}


def warm() -> None:
    """Pay for imports, fonts and the first layout before the first learner waits (worker_process_init)."""
    for template, context in WARM.items():
        render(template, context, title="Warm")


def status(*, deep: bool = False) -> dict[str, Any]:
    """Whether documents can be made, without importing the engine unless ``deep``; for the health check."""
    missing = [name for name in LIBRARIES if not _loads(name)]
    fonts = [name for name in typeset.FACES.values() if not (typeset.FONT_DIR / name).is_file()]
    found: dict[str, Any] = {
        "engine": importlib.util.find_spec("weasyprint") is not None and not missing,
        "missing_libraries": missing,
        "missing_fonts": fonts,
        "harfbuzz_subset": _loads(SUBSETTER),
        "help": APT_LINE if missing or not _loads(SUBSETTER) else "",
    }
    if deep:
        try:
            found["version"] = engine().version
        except PdfError as error:
            found |= {"engine": False, "help": str(error)}
    # Without the subsetter documents are right, only several times slower: reported, not fatal.
    found["ok"] = bool(found["engine"] and not fonts)
    return found


@lru_cache(maxsize=16)
def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def uncovered(text: str) -> set[str]:
    """The characters that would print as an empty box: in none of our fonts and none of the system's (decision 30)."""
    own, second = typeset.face("serif").advances, typeset.face("sans").advances
    rest = "".join(
        dict.fromkeys(
            char for char in text if typeset.visible(char) and ord(char) not in own and ord(char) not in second
        )
    )
    return {char for char in rest if not _system_has(char)}


@lru_cache(maxsize=4096)
def _system_has(char: str) -> bool:
    current = engine()
    from weasyprint.text.ffi import ffi, gobject, pango, unicode_to_char_p

    with _lock:
        context = ffi.gc(pango.pango_font_map_create_context(current.fonts.font_map), gobject.g_object_unref)
        layout = ffi.gc(pango.pango_layout_new(context), gobject.g_object_unref)
        description = ffi.gc(pango.pango_font_description_new(), pango.pango_font_description_free)
        family, _family = unicode_to_char_p("Portal Serif,serif")
        pango.pango_font_description_set_family(description, family)
        pango.pango_layout_set_font_description(layout, description)
        string, encoded = unicode_to_char_p(char)
        pango.pango_layout_set_text(layout, string, len(encoded))
        run = pango.pango_layout_get_line_readonly(layout, 0).runs
        while run != ffi.NULL:
            glyphs = run.data.glyphs
            if any(glyphs.glyphs[i].glyph & UNKNOWN_GLYPH for i in range(glyphs.num_glyphs)):
                return False
            run = run.next
    return True
