"""A word by e-mail to whoever brought a list, when reading or recording it took so long that they have gone away."""

from django.conf import settings

from accounts.models import PersonAddress
from activities.domain.imports import kinds
from activities.models import ImportBatch
from common import clock, mail, rulesets

PATIENCE = "import.mail_seconds"


def tell_previewed(batch: ImportBatch) -> None:
    """The list can be looked at and confirmed."""
    _tell(batch, "read", f"Your list of {batch.rows:,} rows is ready to confirm")


def tell_recorded(batch: ImportBatch) -> None:
    """The list is on record."""
    _tell(batch, "recorded", f"Your list of {batch.rows:,} rows is on record")


def _tell(batch: ImportBatch, what: str, subject: str) -> None:
    """Once for each preview and each recording; never for a short one, nor to somebody without an address."""
    if batch.started_at is None or (clock.now() - batch.started_at).total_seconds() <= int(rulesets.value_on(PATIENCE)):
        return
    proved = PersonAddress.objects.filter(person=batch.uploaded_by_id, kind="email", removed_at=None, verified_at__isnull=False)  # fmt: skip
    to = proved.select_related("person").order_by("-is_primary", "pk").first()
    if to is None:
        return
    counts = {verdict: int(batch.counts.get(verdict, 0)) for verdict in ("matched", "new", "duplicate")}
    mail.send(
        "import_done", to=to.value, to_name=to.person.full_name, subject=subject, key=f"import:{batch.pk}:{what}:{batch.preview}",
        context={
            **counts, "name": batch.file.name, "what": what, "rows": batch.rows, "to_look_at": batch.to_look_at,
            "button_label": "Look it over and confirm" if what == "read" else "Look at the list", "button_url": settings.PORTAL_BASE_URL + kinds.of(batch).url(batch),
        },
    )  # fmt: skip
