"""What the review queue says of credit: requests that wait for the office, and claims the record no longer supports."""

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.findings import Finding
from credits.domain import support
from credits.enums import RequestStatus
from credits.models import ClaimRequest

POLICY = "AMA-CLAIM-1"  # the time to claim is the provider's policy


def findings() -> list[Finding]:
    """A line for each that there is. One query for the requests, and those of `support.open_lines`."""
    found = []
    # Whoever runs the activity confirms attendance and is told by e-mail; with it on record only the office is left.
    if asked := ClaimRequest.objects.filter(status=RequestStatus.ASKED, needs_attendance=False).count():
        title = ngettext(
            "%(n)d request for credit waits for the office", "%(n)d requests for credit wait for the office", asked
        ) % {"n": asked}
        link = f"{reverse('admin:credits_claimrequest_changelist')}?status__exact={RequestStatus.ASKED}&needs_attendance__exact=0"
        found.append(Finding((POLICY,), "failed", title, _("Their attendance is on record; they ask to claim late."), link=link, who="staff"))  # fmt: skip
    if weak := len({item.line.claim_id for item in support.open_lines()}):
        title = ngettext(
            "%(n)d claim the record no longer supports", "%(n)d claims the record no longer supports", weak
        ) % {"n": weak}  # fmt: skip
        found.append(Finding((support.RULE,), "failed", title, _("Attendance was corrected after the claim."), link=reverse("claim_desk:home"), who="staff"))  # fmt: skip
    return found
