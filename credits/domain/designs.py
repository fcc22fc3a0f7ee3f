"""How certificates look, as versions: one draft that is worked on, one in use, the rest retired. Nothing issued ever changes."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Max

from accounts.models import Provider
from common import artwork, audit, clock, locks, pdf
from common.actors import Actor, require_office
from common.errors import Conflict, Invalid
from credits.documents import design
from credits.enums import DrawingKind, TemplateStatus
from credits.models import CertificateDrawing, CertificateTemplate
from credits.models_certificates import ACCENT, INK
from integrity.domain import companies
from integrity.enums import Eligibility
from integrity.models import Company

# What a draft may change, and nothing else; pictures come through `add_drawing`.
ONLY_OFFICE = "Only the CME office changes how certificates look."
CHANGED = ("accent", "ink", "border", "engraving", "head", "foot", "office_line", "note")
COPIED = ("logo_id", "seal_id", "signature_id", "accent", "ink", "border", "engraving", "head", "foot", "office_line")
COLORS = {"accent": "The accent", "ink": "The text color"}
# Printed beside a design, from the provider's own page: what it says is put right there.
BESIDE = {"office_address": "The address of the office", "signer_name": "The line of the signature", "signer_title": "The line of the signature"}  # fmt: skip


def current() -> CertificateTemplate | None:
    """The design in use; None for the portal's own. One query."""
    rows = CertificateTemplate.objects.select_related("signature").defer("signature__content")
    return rows.filter(status=TemplateStatus.IN_USE).first()


def draft() -> CertificateTemplate | None:
    """The version that is worked on."""
    return CertificateTemplate.objects.filter(status=TemplateStatus.DRAFT).first()


def start(*, by: Actor, like: int | None = None) -> CertificateTemplate:
    """A new draft, like another version, or like the one in use. Raises Conflict while there is one."""
    require_office(by, ONLY_OFFICE)
    with transaction.atomic(durable=True):
        locks.lock_key("certificate_design", "draft")
        if draft() is not None:
            raise Conflict("There is a draft already. Work on that one, or throw it away first.")
        rows = CertificateTemplate.objects.all()
        model = rows.filter(pk=like).first() if like else rows.filter(status=TemplateStatus.IN_USE).first()
        at, last = clock.now(), rows.aggregate(n=Max("number"))["n"] or 0
        copied = {name: getattr(model, name) for name in COPIED} if model else {"accent": ACCENT, "ink": INK}
        row = CertificateTemplate.objects.create(
            number=last + 1, created_at=at, created_by=by.label, changed_at=at, changed_by=by.label, **copied
        )
        audit.record("design_started", by=by, subject=row, new={"like": model.number if model else 0})
        return row


def change(*, template_id: int, values: Mapping[str, Any], by: Actor) -> CertificateTemplate:
    """Change a draft: colors, order, border, the office's line.

    Raises Invalid for a color that cannot be read on paper, and for a line that names a sponsor (AMA-CERT-5).
    """
    require_office(by, ONLY_OFFICE)
    with transaction.atomic(durable=True):
        row = _draft_locked(template_id)
        wanted = {name: values[name] for name in CHANGED if name in values}
        _check(wanted)
        changed = [name for name, value in wanted.items() if getattr(row, name) != value]
        for name in changed:
            setattr(row, name, wanted[name])
        _touch(row, changed, by)
        return row


def add_drawing(*, template_id: int, kind: str, name: str, source: bytes, by: Actor) -> CertificateTemplate:
    """Put a cleaned picture into a draft, and try that it prints. Raises Invalid with what to change about the file.

    A signature belongs to the signing officer of the day and is printed under no other name.
    """
    require_office(by, ONLY_OFFICE)
    kind = DrawingKind(kind)
    try:
        clean = artwork.clean(source)
    except artwork.ArtworkError as error:
        raise Invalid(fields={kind.value: str(error)}) from error
    picture = CertificateDrawing(
        kind=kind, name=name[:120], file_type=clean.kind, content=clean.content, sha256=_sha(clean.content), width=clean.width,
        height=clean.height, signer_name=Provider.current().signer_name if kind == DrawingKind.SIGNATURE else "",
        added_by=by.label,
    )  # fmt: skip
    _try(picture)
    with transaction.atomic(durable=True):
        row = _draft_locked(template_id)
        picture.added_at = clock.now()
        picture.save(force_insert=True)
        setattr(row, kind.value, picture)
        _touch(row, [kind.value], by)
        audit.record("design_drawing_added", by=by, subject=row, new={"kind": kind.value, "sha256": picture.sha256})
        return row


def remove_drawing(*, template_id: int, kind: str, by: Actor) -> CertificateTemplate:
    """Take a picture out of a draft; the picture itself stays with the versions that had it."""
    require_office(by, ONLY_OFFICE)
    with transaction.atomic(durable=True):
        row = _draft_locked(template_id)
        setattr(row, DrawingKind(kind).value, None)
        _touch(row, [DrawingKind(kind).value], by)
        return row


def put_to_use(*, template_id: int, digest: str, by: Actor) -> CertificateTemplate:
    """From now on every new certificate has this design; the one before is retired, what was issued keeps its own.

    `digest` is what was on the page: Conflict when the draft was changed meanwhile.
    """
    require_office(by, ONLY_OFFICE)
    with transaction.atomic(durable=True):
        locks.lock_key("certificate_design", "in use")
        row = _draft_locked(template_id)
        made = design.digest(row)
        if made != digest:
            raise Conflict("The draft was changed meanwhile. Look at it once more.")
        _check({name: getattr(row, name) for name in CHANGED})
        at = clock.now()
        before = (
            CertificateTemplate.objects.select_for_update(of=("self",)).filter(status=TemplateStatus.IN_USE).first()
        )
        if before is not None:
            _retire(before, by)
        row.status, row.digest, row.in_use_at, row.in_use_by = TemplateStatus.IN_USE, made, at, by.label
        row.save(update_fields=["status", "digest", "in_use_at", "in_use_by"])
        old = {"number": before.number if before else 0}
        audit.record("design_put_to_use", by=by, subject=row, old=old, new={"number": row.number, "digest": made})
        return row


def retire(*, template_id: int, by: Actor) -> CertificateTemplate:
    """Go back to the portal's own design. Raises Conflict unless this one is in use."""
    require_office(by, ONLY_OFFICE)
    with transaction.atomic(durable=True):
        locks.lock_key("certificate_design", "in use")
        row = locks.lock_row(CertificateTemplate.objects.all(), pk=template_id)
        if row.status != TemplateStatus.IN_USE:
            raise Conflict("This version is not in use.")
        _retire(row, by)
        audit.record("design_retired", by=by, subject=row)
        return row


def throw_away(*, template_id: int, by: Actor) -> None:
    """Delete a draft; nothing was ever made with it."""
    require_office(by, ONLY_OFFICE)
    with transaction.atomic(durable=True):
        row = _draft_locked(template_id)
        audit.record("design_thrown_away", by=by, subject=row, old={"number": row.number})
        row.delete()


def problems(row: CertificateTemplate) -> list[str]:
    """What somebody should look at before a draft is put to use, in sentences; a line that names a sponsor stops it, the rest does not."""
    provider, found = Provider.current(), []
    missing = sorted(pdf.uncovered(row.office_line))
    if missing:
        found.append(f"No font here can print {' '.join(missing)} in the line of the office.")
    signer = provider.signer_name
    if row.signature and row.signature.signer_name != signer:
        found.append(
            f"The signature is that of {row.signature.signer_name}; it is left out while {signer} signs. Upload the right one."
        )
    if "logo" in design.HEAD[row.head] and not row.logo_id:  # type: ignore[index]
        found.append("No logo is uploaded yet, so its place stays empty.")
    return found + _sponsors(row, provider)


# --- small parts -------------------------------------------------------------------------------------------


def _draft_locked(template_id: int) -> CertificateTemplate:
    row = locks.lock_row(CertificateTemplate.objects.all(), pk=template_id)
    if row.status != TemplateStatus.DRAFT:
        raise Conflict("This version was put to use; it cannot change any more. Make a new draft like it.")
    return row


def _sponsors(row: CertificateTemplate, provider: Provider) -> list[str]:
    """Companies in what is printed, and in the file names of its pictures, which may be what they show (AMA-CERT-5)."""
    texts = {"office_line": row.office_line, **{name: getattr(provider, name) for name in BESIDE}}
    texts |= {kind.value: picture.name for kind in DrawingKind if (picture := getattr(row, kind.value))}
    words = {"office_line": "The line of the office", **BESIDE}
    words |= {kind.value: f"The file of the {kind.label.lower()}" for kind in DrawingKind}
    return [f"{words[key]} {_names(found)}" for key, found in companies.named_in(texts).items()]


def _names(found: Sequence[Company]) -> str:
    """What is wrong about a text that names companies, after its subject."""
    named = ", ".join(f"{c.name} ({c.get_eligibility_display().lower()})" for c in found)
    undecided = any(c.eligibility == Eligibility.UNDETERMINED for c in found)
    return f"names {named}. No sponsor’s name or logo stands on a certificate (AMA-CERT-5). Take it out{', or decide first that it is not an ineligible company' if undecided else ''}."


def _check(values: Mapping[str, Any]) -> None:
    wrong: dict[str, str] = {}
    if values.get("office_line"):
        named = companies.named_in({"office_line": values["office_line"]})
        wrong |= {name: f"The line {_names(found)}" for name, found in named.items()}
    for name, words in COLORS.items():
        if name in values:
            ratio = artwork.contrast(values[name])
            if ratio < design.TEXT_CONTRAST:
                wrong[name] = (
                    f"{words} is too pale on white paper: contrast {ratio:.1f} to 1, at least 4.5 is needed (WCAG 1.4.3). Choose a darker one."
                )
    if wrong:
        raise Invalid(fields=wrong)


def _touch(row: CertificateTemplate, changed: list[str], by: Actor) -> None:
    row.changed_at, row.changed_by = clock.now(), by.label
    row.save(update_fields=[*changed, "changed_at", "changed_by"])


def _retire(row: CertificateTemplate, by: Actor) -> None:
    row.status, row.retired_at, row.retired_by = TemplateStatus.RETIRED, clock.now(), by.label
    row.save(update_fields=["status", "retired_at", "retired_by"])


def _try(picture: CertificateDrawing) -> None:
    """Print it once: what the engine cannot draw is found now, not when a learner waits."""
    kind = picture.kind
    page = f'<html lang="en"><head><title>t</title></head><body><img alt="x" src="{pdf.LOOK}{kind}" style="width:72pt;height:72pt"/></body></html>'
    try:
        pdf.write(page, look=pdf.Look(f"try:{kind}:{picture.sha256}", "", {kind: bytes(picture.content)}))
    except pdf.PdfUnavailable:
        return
    except pdf.PdfError as error:
        raise Invalid(fields={kind: str(error)}) from error
    except Exception as error:
        raise Invalid(
            fields={kind: f"The drawing cannot be printed ({type(error).__name__}). Save it as plain SVG or PNG."}
        ) from error


def _sha(content: bytes) -> str:
    import hashlib

    return hashlib.sha256(content).hexdigest()
