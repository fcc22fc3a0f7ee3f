"""Certificates per second and core: our render against a bare WeasyPrint loop over the same HTML, interleaved in one process.

    python -m bench.pdf [--rounds 20] [--each 5] [--ways]

CPU time of the process; only the ratios of one run mean anything. ``--ways`` also measures what each choice in common/pdf.py
is worth: the bare loop with one thing taken away, and ours with one choice undone.
"""

import argparse
import contextlib
import os
import re
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any
from unittest import mock

from bench import report

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cme_portal.settings_test")

GOAL = 0.8
FACES = (
    ("Portal Sans", 400, "normal", "public-sans-400.ttf", "public-sans-latin-wght-normal.woff2"),
    ("Portal Sans", 600, "normal", "public-sans-600.ttf", "public-sans-latin-wght-normal.woff2"),
    ("Portal Serif", 400, "normal", "source-serif-4-400.ttf", "source-serif-4-latin-wght-normal.woff2"),
    ("Portal Serif", 600, "normal", "source-serif-4-600.ttf", "source-serif-4-latin-wght-normal.woff2"),
    ("Portal Serif", 400, "italic", "source-serif-4-400-italic.ttf", "source-serif-4-latin-wght-italic.woff2"),
)


def faces(*, variable: bool = False) -> str:
    """@font-face rules, as a plain WeasyPrint user writes them."""
    return "".join(
        f'@font-face {{ font-family: "{family}"; font-weight: {weight}; font-style: {style}; src: url(asset:fonts/{woff2 if variable else "print/" + static}) }}'
        for family, weight, style, static, woff2 in FACES
    )


def people(start: int) -> Callable[[int], dict[str, Any]]:
    from tests.pdf import samples

    def context(i: int) -> dict[str, Any]:
        code = f"LS-26-7KQ4-MX2H-{start + i:04d}"
        return samples.physician(
            f"Elena R. Marchetti {start + i}, MD", code=code, verify_url=f"https://cme.lakeshore.example/verify/{code}"
        )

    return context


class Bare:
    """WeasyPrint as its documentation shows it, with shared fonts and a parsed stylesheet, and nothing of ours."""

    def __init__(self, *, css: str | None = None, options: dict[str, Any] | None = None, qr_png: bool = False) -> None:
        import weasyprint
        from weasyprint.text.fonts import FontConfiguration
        from weasyprint.urls import URLFetcher, URLFetcherResponse

        from common import pdf, qr

        class Fetcher(URLFetcher):  # type: ignore[misc]
            def fetch(self, url: str, headers: Any = None) -> Any:
                if url.startswith("qr:"):
                    text = url.removeprefix("qr:")
                    kind, body = ("image/png", qr.png(text)) if qr_png else ("image/svg+xml", qr.svg(text).encode())
                    return URLFetcherResponse(url, body=body, headers={"Content-Type": kind})
                kind = "image/svg+xml" if url.endswith(".svg") else "font/ttf"
                return URLFetcherResponse(url, body=pdf.asset(url), headers={"Content-Type": kind})

        self.fetcher, self.fonts = Fetcher(), FontConfiguration()
        self.css = weasyprint.CSS(
            string=css or faces() + pdf.STYLESHEET.read_text(), url_fetcher=self.fetcher, font_config=self.fonts
        )
        self.options = {"pdf_variant": "pdf/ua-1"} if options is None else options

    def __call__(self, html: str) -> bytes:
        import weasyprint

        return bytes(
            weasyprint.HTML(string=html, url_fetcher=self.fetcher).write_pdf(
                font_config=self.fonts, stylesheets=[self.css], **self.options
            )
        )


def undone(html: str) -> dict[str, tuple[Any, ...]]:
    """Our choices, each with what has to be put back to do without it while a document is made."""
    from xml.etree import ElementTree

    import weasyprint
    from weasyprint.images import SVGImage

    from common import drawings, pdf, qr

    current = pdf.engine()
    pdf.write(html)  # whatever is kept for the process is there now
    plain = current.look(None)

    class Parsed(weasyprint.HTML):  # type: ignore[misc]
        """The same tree through the parser for any page of the web."""

        _ua_stylesheets = current.page._ua_stylesheets

        def __init__(self, source: str) -> None:
            super().__init__(string=source, url_fetcher=current.fetcher)

    def image(source: bytes | str, name: str) -> Any:
        """A drawing as WeasyPrint reads it, for this document alone."""
        return SVGImage(ElementTree.fromstring(source), name, current.fetcher, None)

    def drawing(url: str) -> Any:
        return image(pdf.asset(url), url)

    def code(text: str) -> Any:
        return image(qr.svg(text), f"qr:{text}")

    anew = mock.patch.object(plain, "styles", current.style_for)
    any_page = mock.patch.object(current.page, "_ua_stylesheets", weasyprint.HTML._ua_stylesheets)
    return {
        "styles computed for each document": (anew,),
        "… and by WeasyPrint's own sheet": (anew, any_page),
        "parsed as a page of the web": (mock.patch.object(current, "page", Parsed),),
        "drawings read for each document": (mock.patch.object(current, "drawing", drawing),),
        "QR code through SVG": (mock.patch.object(drawings, "QrCode", code),),
        "objects written twice": (mock.patch.object(pdf, "_settle", id),),
        "garbage looked for": (mock.patch.object(pdf, "_collector_at_rest", contextlib.nullcontext),),
    }


def ways() -> dict[str, Callable[[int], bytes]]:
    """What each choice is worth, each against the bare loop."""
    from common import pdf

    css = pdf.STYLESHEET.read_text()
    context = people(5000)

    def html(i: int) -> str:
        return pdf.to_html("pdf/certificate.html", context(i), title="Certificate")

    def text_only(i: int) -> str:
        return re.sub(r"<img[^>]*>", "", html(i))

    bare_css = re.sub(r"background: url\([^)]*\)[^;]*;", "", css)
    engines = {
        "bare, variable woff2 fonts": (Bare(css=faces(variable=True) + css), html),
        "bare, QR as PNG": (Bare(qr_png=True), html),
        "bare, no frame": (Bare(css=faces() + bare_css), html),
        "bare, no pictures, no QR": (Bare(css=faces() + bare_css), text_only),
        "… with variable woff2 fonts": (Bare(css=faces(variable=True) + bare_css), text_only),
        "… not tagged": (Bare(css=faces() + bare_css, options={}), text_only),
    }

    def loop(one: Bare, page: Callable[[int], str]) -> Callable[[int], bytes]:
        pages = [page(i) for i in range(8)]
        return lambda i: one(pages[i % 8])

    found = {name: loop(*one) for name, one in engines.items()}
    pages = [html(i) for i in range(8)]

    def ours(*patches: Any) -> Callable[[int], bytes]:
        def make(i: int) -> bytes:
            with contextlib.ExitStack() as stack:
                for patch in patches:
                    stack.enter_context(patch)
                return pdf.write(pages[i % 8])

        return make

    found["ours, HTML to PDF only"] = ours()
    return found | {f"ours, {name}": ours(*patches) for name, patches in undone(pages[0]).items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--each", type=int, default=5)
    parser.add_argument("--ways", action="store_true")
    arguments = parser.parse_args()

    import django

    django.setup()
    from common import pdf
    from tests.pdf import samples

    bare, context = Bare(), people(1000)
    pages = [pdf.to_html("pdf/certificate.html", context(i), title="Certificate") for i in range(arguments.each)]
    subjects: dict[str, Callable[[int], bytes]] = {
        "bare loop over the same HTML": lambda i: bare(pages[i]),
        "common.pdf.render": lambda i: pdf.render(
            "pdf/certificate.html", context(i), title="Certificate", identifier=str(i)
        ),
    }
    if arguments.ways:
        subjects |= ways()
    rows = samples.transcript(60)
    spent: dict[str, list[float]] = {name: [] for name in [*subjects, "transcript, 60 rows"]}
    size = {name: len(make(0)) for name, make in subjects.items()}
    size["transcript, 60 rows"] = len(pdf.render("pdf/transcript.html", rows, title="Transcript"))
    for _ in range(arguments.rounds):
        for name, make in subjects.items():
            began = time.process_time()
            for i in range(arguments.each):
                make(i)
            spent[name].append((time.process_time() - began) / arguments.each)
        began = time.process_time()
        pdf.render("pdf/transcript.html", rows, title="Transcript")
        spent["transcript, 60 rows"].append(time.process_time() - began)

    seconds = {name: statistics.median(times) for name, times in spent.items()}
    base = seconds["bare loop over the same HTML"]
    ratio = base / seconds["common.pdf.render"]
    measured = {
        name: {
            "ms": round(value * 1000, 1),
            "per_second": round(1 / value, 1),
            "against_bare": round(base / value, 2),
            "kb": round(size[name] / 1024, 1),
        }
        for name, value in seconds.items()
    }
    print(report.table(("way", "ms CPU", "per s", "× bare", "KB"), [(n, *m.values()) for n, m in measured.items()]))
    result = {
        "certificates_per_second_and_core": round(1 / seconds["common.pdf.render"], 1),
        "bare_per_second_and_core": round(1 / base, 1),
        "ratio": round(ratio, 2),
        "goal": GOAL,
        "ok": ratio >= GOAL,
        "ways": measured,
    }
    kept = report.keep("pdf", result)
    print(f"\nOurs makes {ratio:.2f} of the bare loop. Goal: {GOAL}. {kept.name} keeps the figures.")
    return 0 if result["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
