"""Template tags and filters of the design system; loaded everywhere as builtins (docs/developer/design-system.md)."""

import datetime as dt
import functools
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.conf import settings
from django.core.files.storage import storages
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from common import clock, context, icons
from common import status as statuses

register = template.Library()

_TM = mark_safe('<span class="tm">™</span>')  # the serif's ™ stands clear of the italic
_ALERT_ICONS = {"ok": "circle-check", "warn": "triangle-alert", "bad": "octagon-x", "info": "info", "idle": "info"}
_ZONE_NAMES = {"E": "Eastern", "C": "Central", "M": "Mountain", "P": "Pacific", "AK": "Alaska", "H": "Hawaii"}


# --- icons and status ------------------------------------------------------------------------------


@register.simple_tag
def icon(name: str, label: str = "", **attributes: str) -> SafeString:
    """`{% icon "circle-check" class="ico ico-ok" label="" %}`: hidden beside a word; a label makes it an image."""
    return _icon(name, label, attributes.get("class", ""), asset(icons.SPRITE) if icons.in_sprite(name) else "")


# A page shows a hundred icons of two dozen kinds. Typed: a text that is marked safe never stands in for one that is not.
@functools.lru_cache(2000, typed=True)
def _icon(name: str, label: str, css: str, sprite: str) -> SafeString:
    classes = f"i {css}" if css else "i"
    role = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    if sprite:
        return format_html('<svg class="{}" {}><use href="{}#{}"/></svg>', classes, role, sprite, name)
    # Not built into the sprite yet: draw it here, so that a page under work has no hole. A test asks for the sprite.
    return format_html('<svg class="{}" viewBox="0 0 24 24" {}>{}</svg>', classes, role, mark_safe(icons.drawing(name)))


@register.simple_tag
def status(kind: str, value: Any, word: str = "", plain: bool = False) -> SafeString:
    """`{% status "activity" activity.status %}`: icon and word of a state, from common/status.py."""
    found = statuses.get(kind, value)
    return _chip(found.tone, found.icon, word or found.word, plain=plain)


@register.simple_tag
def chip(tone: str, name: str, word: str, plain: bool = False) -> SafeString:
    """`{% chip "warn" "scale" "1 to decide" %}`: a status word that is not a stored state."""
    return _chip(tone, name, word, plain=plain)


@functools.lru_cache(2000, typed=True)
def _chip(tone: str, name: str, word: str, *, plain: bool) -> SafeString:
    return format_html(
        '<span class="status status-{}{}">{}{}</span>', tone, " status-plain" if plain else "", icon(name), word
    )


@register.filter
def tone(value: Any, kind: str) -> str:
    """`{{ finding.level|tone:"finding" }}` → "ok", "warn" …"""
    return statuses.get(kind, value).tone


@register.simple_tag
def status_icon(kind: str, value: Any, **attributes: str) -> SafeString:
    """`{% status_icon "finding" finding.level %}`: the icon alone, with its word for readers; rows say the word beside it."""
    found = statuses.get(kind, value)
    classes = f"ico ico-{found.tone} {attributes.get('class', '')}".strip()
    return icon(found.icon, label=found.word, **{"class": classes})


@register.simple_tag
def cite(*rules: str) -> SafeString:
    """`{% cite "AMA-CALC-1" "AMA-CALC-3" %}`: citation chips that open the rule's text."""
    return format_html_join(" ", '<a class="cite" href="/rules/#{}">{}</a>', ((rule, rule) for rule in rules))


@register.simple_tag
def cites(rules: Iterable[str]) -> SafeString:
    """`{% cites finding.rules %}`: the same, from a list."""
    return cite(*rules)


# --- credit ----------------------------------------------------------------------------------------


def _decimal(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value)).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    except (InvalidOperation, ValueError):
        return None


@register.filter
def credits(value: Any) -> str:
    """`{{ line.credit|credits }}` → "2.75": two decimals everywhere (decision 10)."""
    number = _decimal(value)
    return "–" if number is None else f"{number:,.2f}"


def _mark(number: Decimal | None) -> SafeString:
    # Decision 10: "Credit" up to 1.00, else "Credits". AMA-TM-1: italic, with ™, in full.
    word = "Credit" if number is not None and number <= 1 else "Credits"
    return format_html("<em>AMA PRA Category 1 {}</em>{}", word, _TM)


@register.simple_tag
def ama_credit(value: Any = None) -> SafeString:
    """`{% ama_credit 2.75 %}` → "2.75 *AMA PRA Category 1 Credits*™"; without a number the name alone."""
    number = _decimal(value) if value not in (None, "") else None
    return _mark(None) if number is None else format_html("{} {}", f"{number:,.2f}", _mark(number))


@register.simple_tag
def credit_name(code: str, value: Any = None, name: str = "") -> SafeString:
    """`{% credit_name line.credit_type.code line.credit line.credit_type.name %}`: the name without the number."""
    key = str(code).lower().replace("_", "-")
    if key.startswith("ama"):
        return _mark(_decimal(value) if value not in (None, "") else None)
    if key.startswith(("attend", "particip")):
        return mark_safe("hours of participation")
    return conditional_escape(name or str(code))


@register.filter
def runs(value: Sequence[Mapping[str, str]] | None) -> SafeString:
    """`{{ statement.runs|runs }}`: runs of text; those of style "mark" are the italic trademark."""
    return mark_safe("".join(_run(part.get("text", ""), part.get("style", "")) for part in value or ()))


def _run(text: str, style: str) -> str:
    escaped = str(conditional_escape(text))
    if style == "mark":
        words, _sign, rest = escaped.partition("™")
        return f"<em>{words}</em>{_TM}{rest}"
    if style in {"strong", "bold"}:
        return f"<strong>{escaped}</strong>"
    return escaped.replace("™", _TM)


# --- people and time -------------------------------------------------------------------------------


@register.filter
def initials(name: str) -> str:
    """`{{ person.display_name|initials }}` → "EM"; degrees after a comma and titles do not count."""
    words = [w for w in str(name).split(",")[0].split() if not w.endswith(".") or len(w) == 2]
    letters = [w[0] for w in words if w[0].isalpha()]
    return "".join(letters[:1] + letters[1:][-1:]).upper()


def _zone(value: Any) -> dt.tzinfo:
    if isinstance(value, dt.tzinfo):
        return value
    zone = getattr(value, "timezone", None) or getattr(value, "zone", None) or value
    return ZoneInfo(str(zone)) if zone else timezone.get_current_timezone()


def _clock(moment: dt.datetime | dt.time) -> str:
    return f"{moment.hour % 12 or 12}:{moment:%M} {'am' if moment.hour < 12 else 'pm'}"


def _day(date: dt.date, zone: dt.tzinfo, *, dated: bool = False) -> str:
    year = f", {date.year}" if dated or date.year != clock.now().astimezone(zone).year else ""
    return f"{date:%a}, {date:%b} {date.day}{year}"


def both_days(first: Any, last: Any, zone: Any = None) -> tuple[str, str]:
    """Two days of a range as `local_date` writes them, both with their year where the years differ."""
    tz = _zone(zone)
    a, b = ((found[0].date() if (found := _wall(day, zone)) else day) for day in (first, last))
    return _day(a, tz, dated=a.year != b.year), _day(b, tz, dated=a.year != b.year)


@register.simple_tag
def local_dates(first: Any, last: Any, zone: Any = None) -> str:
    """`{% local_dates term.starts_on term.ends_on %}` → "Thu, Jan 1, 2026 – Fri, Dec 31, 2027"."""
    return " – ".join(both_days(first, last, zone))


def _wall(value: Any, zone: Any) -> tuple[dt.datetime, dt.tzinfo] | None:
    if not isinstance(value, dt.datetime):
        return None
    tz = _zone(zone)
    return value.astimezone(tz), tz


@register.filter
def local(value: Any, zone: Any = None) -> str:
    """`{{ session.starts_at|local:activity.timezone }}` → "Tue, Nov 24, 5:00 pm", with the year if it is another."""
    if found := _wall(value, zone):
        wall, tz = found
        return f"{_day(wall.date(), tz)}, {_clock(wall)}"
    return local_date(value, zone)


@register.filter
def local_date(value: Any, zone: Any = None) -> str:
    """`{{ session.starts_at|local_date:activity.timezone }}` → "Tue, Nov 24"; plain dates too."""
    if found := _wall(value, zone):
        return _day(found[0].date(), found[1])
    return _day(value, _zone(zone)) if isinstance(value, dt.date) else ""


@register.filter
def local_long(value: Any, zone: Any = None) -> str:
    """→ "November 24, 2026": as certificates and statements write it."""
    found = _wall(value, zone)
    date = found[0].date() if found else value
    return f"{date:%B} {date.day}, {date.year}" if isinstance(date, dt.date) else ""


@register.filter
def local_time(value: Any, zone: Any = None) -> str:
    """→ "5:00 pm"."""
    if found := _wall(value, zone):
        return _clock(found[0])
    return _clock(value) if isinstance(value, dt.time) else ""


@register.simple_tag
def local_range(start: dt.datetime, end: dt.datetime, zone: Any = None, show_zone: bool = True) -> str:
    """`{% local_range s.starts_at s.ends_at activity.timezone %}` → "8:00 to 11:30 am Eastern"."""
    first, last = _wall(start, zone), _wall(end, zone)
    if not first or not last:
        return ""
    (a, _tz), (b, _tz) = first, last
    half_a, half_b = _clock(a)[-2:], _clock(b)[-2:]
    text = f"{_clock(a)[:-3] if half_a == half_b and a.date() == b.date() else _clock(a)} to {_clock(b)}"
    if a.date() != b.date():
        one, other = both_days(a.date(), b.date(), zone)
        text = f"{one}, {_clock(a)} to {other}, {_clock(b)}"
    return f"{text} {zone_name(start, zone)}" if show_zone else text


@register.filter
def zone_name(moment: dt.datetime, zone: Any = None) -> str:
    """→ "Eastern"; a zone without a usual name is named by its place."""
    tz = _zone(zone)
    short = moment.astimezone(tz).tzname() or ""
    key = getattr(tz, "key", str(tz))
    if (
        key.startswith(("America/", "US/", "Pacific/Honolulu"))
        and short[-2:] in {"ST", "DT"}
        and short[:-2] in _ZONE_NAMES
    ):
        return _ZONE_NAMES[short[:-2]]
    return key.rpartition("/")[2].replace("_", " ") + " time" if "/" in key else short


@register.simple_tag
def day_tile(value: Any, zone: Any = None) -> SafeString:
    """`{% day_tile session.starts_at activity.timezone %}`: the month over the day; the row says the full date in words."""
    found = _wall(value, zone)
    date = found[0] if found else value
    return format_html('<span class="day" aria-hidden="true"><span>{}</span><b>{}</b></span>', f"{date:%b}", date.day)


# --- parts with content inside -----------------------------------------------------------------------


@register.simple_block_tag
def alert(content: str, tone: str = "idle", title: str = "", icon_name: str = "", level: int = 2) -> SafeString:
    """`{% alert "warn" title="One thread stops short" %}<p>…</p>{% endalert %}`: `level` is the heading's."""
    heading = format_html("<h{0}>{1}</h{0}>", int(level), title) if title else ""
    mark = icon(icon_name or _ALERT_ICONS[tone], **{"class": f"ico ico-{tone}"})
    return format_html(
        '<div class="alert alert-{}">{}<div>{}{}</div></div>', tone, mark, heading, mark_safe(content.strip())
    )


@register.simple_block_tag
def note(content: str, title: str = "", quiet: bool = False, level: int = 3) -> SafeString:
    """`{% note title="Whose practice is this about?" quiet=True %}<p>…</p>{% endnote %}`: help in the margin."""
    heading = format_html("<h{0}>{1}</h{0}>", int(level), title) if title else ""
    return format_html(
        '<section class="note{}">{}{}</section>', " note-quiet" if quiet else "", heading, mark_safe(content.strip())
    )


@register.simple_block_tag
def emptystate(content: str, name: str, title: str, level: int = 2) -> SafeString:
    """`{% emptystate "sprout" "No credit yet" %}<p>…</p><p class="row-flex">buttons</p>{% endemptystate %}`."""
    return format_html(
        '<div class="empty">{0}<h{1}>{2}</h{1}>{3}</div>', icon(name), int(level), title, mark_safe(content.strip())
    )


# --- small charts: sizes are SVG attributes, because the page's policy allows no inline style ----------------


def _share(value: Any, of: Any) -> Decimal:
    top = Decimal(str(of or 0))
    share = Decimal(str(value or 0)) / top * 100 if top else Decimal(0)
    return min(max(share, Decimal(0)), Decimal(100)).quantize(Decimal("0.01"))


@register.simple_tag
def meter(value: Any, of: Any, label: str = "", tone: str = "", **attributes: str) -> SafeString:
    """`{% meter 21 30 label="21 of 30 answers" %}`; without a label it is decoration and the words stand beside it."""
    classes = " ".join(filter(None, ("meter", f"meter-{tone}" if tone else "", attributes.get("class", ""))))
    role = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html(
        '<svg class="{}" {} width="100%" height="8" preserveAspectRatio="none"><rect class="track" width="100%" height="100%"/>'
        '<rect class="bar" width="{}%" height="100%" rx="4"/></svg>',
        classes, role, _share(value, of),
    )  # fmt: skip


@register.simple_tag
def hatch(has: Any, can: Any, of: Any, label: str = "") -> SafeString:
    """`{% hatch 46.5 2.75 50 label="46.50 of 50 credits, and 2.75 ready to claim" %}`: had, and to be had (striped)."""
    first = _share(has, of)
    second = min(_share(can, of), 100 - first)
    role = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html(
        '<svg class="hatch" {} width="100%" height="12"><defs><pattern id="hatch-stripes" width="6" height="6" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><rect class="stripe-ground" width="6" height="6"/><line class="stripe" x1="1.5" x2="1.5" y1="0" y2="6" '
        'stroke-width="3"/></pattern></defs><rect class="track" width="100%" height="100%"/><rect class="has" width="{}%" height="100%"/>'
        '<rect x="{}%" width="{}%" height="100%" fill="url(#hatch-stripes)"/></svg>',
        role, first, first, second,
    )  # fmt: skip


@register.simple_tag
def bars(values: Sequence[int], label: str) -> SafeString:
    """`{% bars counts label="Check-ins per five minutes: 1, 3, 6" %}`: the last bar is now."""
    top = max((*values, 1))
    width = Decimal(100) / max(len(values), 1)
    rows = (
        (
            " now" if n == len(values) - 1 else "",
            (width * n).quantize(Decimal("0.01")),
            100 - _share(v, top),
            (width * Decimal("0.9")).quantize(Decimal("0.01")),
            _share(v, top),
        )
        for n, v in enumerate(values)
    )
    drawn = format_html_join("", '<rect class="bar{}" x="{}%" y="{}%" width="{}%" height="{}%"/>', rows)
    return format_html('<svg class="bars" role="img" aria-label="{}" width="100%" height="56">{}</svg>', label, drawn)


# --- plumbing for the component templates ----------------------------------------------------------------


@register.simple_tag
def asset(path: str) -> str:
    """`{% asset "css/tokens.css" %}`: like `static`, but a file the manifest does not know never takes a page down.

    The frame of every page, error pages included, uses it; a test says which files are missing.
    """
    key = (path, settings.STATIC_URL, id(storages["staticfiles"]))
    if key not in _assets:
        try:
            _assets[key] = static(path)
        except ValueError:
            _assets[key] = f"{settings.STATIC_URL}{path}"
    return _assets[key]


_assets: dict[tuple[str, str, int], str] = {}  # of this process: a page asks for a dozen, an icon for the sprite


@register.simple_tag
def portal_provider() -> Any:
    """`{% portal_provider as provider %}`: for e-mail and documents, which are rendered without a request."""
    return context.current_provider()


@register.simple_tag
def url_or_empty(name: str, *args: Any) -> str:
    """The address of a page, or "" while that page is not installed."""
    if not args:
        return context.address(name)
    from django.urls import NoReverseMatch, reverse

    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


@register.filter
def alert_tone(tags: str) -> str:
    """Django's message level → our tone."""
    return next(
        (t for tag, t in (("error", "bad"), ("warning", "warn"), ("success", "ok")) if tag in str(tags)), "info"
    )


@register.filter
def choice_hint(field: Any, value: Any) -> str:
    """The small line under a choice, from the widget's `hints`."""
    return str(getattr(field.field.widget, "hints", {}).get(str(value), ""))
