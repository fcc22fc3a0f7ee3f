"""Registering: the consent of SII-2.3 and the request for accommodation."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from activities.domain import registrations
from activities.models import Registration
from common.forms import PortalForm
from common.widgets import Tick


class RegistrationForm(PortalForm):
    """LRN-7 and LRN-6. The consent is its own question, unticked, with the wording in force; its version is kept."""

    accommodation = forms.CharField(
        label=_("What would help you to take part?"), required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("For example step-free access, captions, a place at the front, a room to express milk. Only the CME office and the coordinator read this."),
    )  # fmt: skip
    share_consent = forms.BooleanField(label="", required=False, widget=Tick)
    consent_wording = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, registration: Registration | None = None, keep_consent: bool = False, **kwargs: Any
    ) -> None:
        # SII-2.3: a consent is given anew for every activity; only its own page shows it ticked.
        version, text = registrations.consent_wording()
        initial: dict[str, Any] = {"consent_wording": version}
        if registration is not None:
            initial |= {
                "accommodation": registration.accommodation,
                "share_consent": keep_consent and registration.share_consent,
            }
        super().__init__(*args, initial=initial, **kwargs)
        self.fields["share_consent"].label = text

    def answers(self) -> registrations.Answers:
        """What was answered, with the version of the question that stood on the page."""
        data = self.cleaned_data
        return registrations.Answers(data["share_consent"], data["consent_wording"], data["accommodation"].strip())
