"""Tags of the PDF templates: styled runs, and sizes that depend on how long the texts are."""

from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from common import typeset

register = template.Library()


@register.simple_tag
def runs(parts: Any, *, serif: bool = False) -> SafeString:
    """Print runs: ``mark`` is italic followed by an upright ™ in the serif, ``strong`` is semibold (AMA-TM-1)."""
    if isinstance(parts, str):
        parts = [{"text": parts}]
    out: list[str] = []
    for run in parts or []:
        style, text = run.get("style", ""), run["text"]
        if style == "mark":
            out.append(format_html("<em>{}</em>™" if serif else '<em>{}</em><span class="tm">™</span>', text))
        elif style == "strong":
            out.append(format_html("<b>{}</b>", text))
        else:
            out.append(format_html("{}", text))
    return mark_safe("".join(out))


@register.simple_tag(takes_context=True)
def certificate_layout(context: template.Context) -> typeset.Certificate:
    """Sizes, line breaks and places for the certificate in the context."""
    return typeset.certificate(
        {
            "sentence": context["sentence"],
            "statements": context["statements"],
            "heading": context.get("heading", ""),
            "foot": context.get("foot"),
            "head": context.get("head"),
        }
    )


@register.simple_tag
def fit(text: str, face: str, inches: float, largest: float, least: float, lines: int = 1) -> typeset.Fitted:
    """Set a text at the largest size at which it takes so many lines."""
    sizes = [size for size in (largest * step for step in (1, 0.9, 0.8, 0.7, 0.62, 0.55, 0.5)) if size > least] + [
        least
    ]
    return typeset.fit(text, face, limit=inches * typeset.INCH, sizes=sizes, lines=lines)
