"""The palette of static/css/tokens.css for django-unfold, and the parts of UNFOLD that never change.

Paths are callables because settings are read before static files are ready.
"""

import functools
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

COLORS: dict[str, dict[str, str]] = {
    "base": {
        "50": "oklch(97.1% 0.003 197)",  # #f3f6f6
        "100": "oklch(94.6% 0.006 211)",  # #e9eeef
        "200": "oklch(88.6% 0.009 214)",  # #d3dbdd
        "300": "oklch(83.5% 0.013 221)",  # #c0cbcf
        "400": "oklch(66.4% 0.025 228)",  # #8497a0
        "500": "oklch(52.0% 0.024 228)",  # #5b6c74
        "600": "oklch(46.3% 0.026 227)",  # #4a5c64
        "700": "oklch(33.5% 0.021 226)",  # #2b393f
        "800": "oklch(26.8% 0.019 225)",  # #1c282d
        "900": "oklch(23.1% 0.016 224)",  # #151f23
        "950": "oklch(19.0% 0.012 226)",  # #0e1518
    },
    "primary": {
        "50": "oklch(96.8% 0.009 214)",  # #eef6f8
        "100": "oklch(94.0% 0.016 217)",  # #e0eef2
        "200": "oklch(88.7% 0.030 218)",  # #c5dfe7
        "300": "oklch(79.3% 0.045 219)",  # #9cc3cf
        "400": "oklch(78.6% 0.082 216)",  # #79c7db
        "500": "oklch(63.6% 0.079 217)",  # #4d97aa
        "600": "oklch(41.5% 0.074 223)",  # #0a5469
        "700": "oklch(33.5% 0.059 224)",  # #073d4d
        "800": "oklch(29.8% 0.041 221)",  # #12323c
        "900": "oklch(26.7% 0.040 223)",  # #0b2a34
        "950": "oklch(23.6% 0.037 223)",  # #06222b
    },
    "font": {
        "subtle-light": "var(--color-base-500)",
        "subtle-dark": "var(--color-base-400)",
        "default-light": "var(--color-base-600)",
        "default-dark": "var(--color-base-300)",
        "important-light": "var(--color-base-900)",
        "important-dark": "var(--color-base-100)",
    },
}


def _css(path: str) -> Any:
    def url(request: HttpRequest) -> str:
        return static(path)

    return url


_link = lazy(functools.cache(reverse), str)  # each page of the office asks twice for all of them


def _entry(title: Any, icon: str, name: str) -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": _link(name)}


def _at_the_desk(request: HttpRequest) -> bool:
    """The designs stand below the desk's address and have an entry of their own."""
    desk, designs = str(_link("certificate_desk:home")), str(_link("certificate_desk:designs"))
    return request.path.startswith(desk) and not request.path.startswith(designs)


# By name, not by import: the kernel knows no app. Icons are Unfold's Material Symbols.
SIDEBAR: dict[str, Any] = {
    "navigation": [
        {"title": _("Today"), "items": [_entry(_("Review queue"), "inbox", "desk:queue")]},
        {
            "title": _("Activities"),
            "items": [_entry(_("Activities"), "calendar_month", "admin:activities_activity_changelist"), _entry(_("Gaps"), "troubleshoot", "admin:activities_practicegap_changelist")],
        },
        {
            "title": _("Integrity"),
            "items": [_entry(_("Disclosures"), "fact_check", "admin:integrity_disclosure_changelist"), _entry(_("Companies"), "domain", "admin:integrity_company_changelist"), _entry(_("Organizations"), "handshake", "admin:accounts_organisation_changelist")],
        },
        {
            "title": _("Credit"),
            "items": [
                _entry(_("Claims"), "verified", "admin:credits_claim_changelist"), _entry(_("Claims to look at"), "flag", "claim_desk:home"), _entry(_("Check-ins to look at"), "door_front", "check_in_desk:home"), _entry(_("Credit to report"), "send", "report_desk:home"), _entry(_("Claim requests"), "pan_tool", "admin:credits_claimrequest_changelist"), _entry(_("Certificates"), "workspace_premium", "admin:credits_certificate_changelist"), _entry(_("Credit of former systems"), "history", "former:list"),
                _entry(_("Certificate desk"), "approval", "certificate_desk:home") | {"active": _at_the_desk}, _entry(_("Certificate design"), "palette", "certificate_desk:designs"),
                _entry(_("People"), "group", "admin:accounts_person_changelist"), _entry(_("Office roles"), "badge", "admin:accounts_officerole_changelist"),
                _entry(_("Twice in the records"), "content_copy", "people:duplicates"), _entry(_("Joined records"), "merge", "admin:accounts_personmerge_changelist"),
                _entry(_("Name changes"), "signature", "admin:accounts_namechange_changelist"), _entry(_("Lost mailboxes"), "unsubscribe", "admin:accounts_mailboxrequest_changelist"),
            ],
        },
        {
            "title": _("Rules"),
            "items": [
                _entry(_("Wording"), "format_quote", "admin:common_statement_changelist"), _entry(_("Rule parameters"), "tune", "admin:common_ruleparameter_changelist"), _entry(_("Requirements"), "checklist", "admin:credits_requirementprofile_changelist"),
                _entry(_("Credit types"), "category", "type_desk:home"), _entry(_("Waivers"), "gavel", "admin:common_waiver_changelist"),
            ],
        },
        {
            "title": _("Evidence"),
            "items": [
                _entry(_("Audit"), "history", "admin:common_auditevent_changelist"), _entry(_("E-mail sent"), "outgoing_mail", "admin:common_outboxmessage_changelist"),
                _entry(_("Files"), "attach_file", "admin:common_storedfile_changelist"), _entry(_("Seen as a person"), "visibility", "admin:accounts_seeas_changelist"),
            ],
        },
    ],
}  # fmt: skip

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "CME office",
    "SITE_HEADER": "CME office",
    "SITE_SUBHEADER": "Credit and records",
    "SITE_URL": "/",
    "SITE_SYMBOL": "menu_book",
    "SITE_ICON": _css("img/brand.svg"),
    "SHOW_HISTORY": False,  # the audit says more than Django's own log, which nothing writes to
    "SHOW_VIEW_ON_SITE": False,
    "COLORS": COLORS,
    "BORDER_RADIUS": "6px",
    "SIDEBAR": SIDEBAR,
    # tokens as they are; our parts only under .cme, so that Unfold's own pages keep their look.
    "STYLES": [_css("css/tokens.css"), _css("css/cme-admin.css"), _css("css/desk.css")],
    "SCRIPTS": [_css("js/theme.js"), _css("js/app.js")],
}
