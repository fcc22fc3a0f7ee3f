"""Letters that a document could not print."""

from django.db import models

from common.models import append_only


class UnprintedLetters(models.Model):
    """Letters on an issued certificate that no font here has: a finding for the office (decision 30). PII: letters of a name, six years."""

    certificate = models.OneToOneField("credits.Certificate", on_delete=models.PROTECT, related_name="unprinted")
    letters = models.CharField(max_length=200, help_text="Each once")
    found_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "unprinted letters"
        triggers = [append_only("unprinted_letters")]

    def __str__(self) -> str:
        return self.letters
