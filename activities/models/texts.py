"""Text messages that people send us, and what we answered."""

from django.db import models

from common.models import append_only


class TextMessage(models.Model):
    """One text message as it came. PII: the phone, and what was written; six years."""

    sid = models.CharField(
        max_length=64, unique=True, help_text="The carrier's number of it: the same message twice is one"
    )
    sender = models.CharField(max_length=20)
    body = models.CharField(max_length=1600, blank=True)
    received_at = models.DateTimeField()

    class Meta:
        triggers = [append_only("text_message")]
        indexes = [models.Index(fields=["sender", "-received_at"], name="text_of_sender")]

    def __str__(self) -> str:
        return self.sid


class TextReply(models.Model):
    """What we answered to a message, once. PII: what the words say of its sender; six years."""

    message = models.OneToOneField(TextMessage, on_delete=models.PROTECT, related_name="reply")
    body = models.CharField(max_length=160, blank=True, help_text="Empty: silence")
    session = models.ForeignKey("activities.Session", on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "text replies"
        triggers = [append_only("text_reply")]

    def __str__(self) -> str:
        return self.body
