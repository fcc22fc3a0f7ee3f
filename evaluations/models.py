"""Published questions; answers without identity; only "done" is known of a person (law 10, decision 19)."""

import uuid

from django.db import models
from django.db.models import Q

from common.models import append_only
from evaluations import enums


class Questionnaire(models.Model):
    """One published version of the questions of an activity. PII: none."""

    activity = models.ForeignKey("activities.Activity", on_delete=models.PROTECT, related_name="questionnaires")
    version = models.PositiveSmallIntegerField()
    scope = models.CharField(max_length=8, choices=enums.Scope.choices, default=enums.Scope.ACTIVITY)
    published_at = models.DateTimeField()

    class Meta:
        triggers = [append_only("questionnaire")]
        constraints = [models.UniqueConstraint(fields=["activity", "version"], name="questionnaire_version_once")]

    def __str__(self) -> str:
        return f"{self.activity_id} v{self.version}"


class Question(models.Model):
    """One question of a version. PII: none."""

    questionnaire = models.ForeignKey(Questionnaire, on_delete=models.PROTECT, related_name="questions")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=12, choices=enums.QuestionKind.choices)
    text = models.CharField(max_length=400)
    hint = models.CharField(max_length=250, blank=True)
    choices = models.JSONField(default=list, blank=True)
    required = models.BooleanField(default=True)
    objective_id = models.BigIntegerField(null=True)
    rule = models.CharField(max_length=20, blank=True)

    class Meta:
        ordering = ["position"]
        triggers = [append_only("question")]
        constraints = [models.UniqueConstraint(fields=["questionnaire", "position"], name="question_position_once")]

    def __str__(self) -> str:
        return self.text


class Draft(models.Model):
    """Answers not sent yet; erased when they are. PII: a person's unsent answers, until sent."""

    questionnaire = models.ForeignKey(Questionnaire, on_delete=models.PROTECT, related_name="drafts")
    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    session = models.ForeignKey("activities.Session", on_delete=models.PROTECT, null=True, related_name="+")
    answers = models.JSONField(default=dict)
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["questionnaire", "person", "session"], nulls_distinct=False, name="draft_once"
            )
        ]

    def __str__(self) -> str:
        return f"draft {self.pk}"


class Completion(models.Model):
    """That a person answered, not what. PII: ids, six years."""

    questionnaire = models.ForeignKey(Questionnaire, on_delete=models.PROTECT, related_name="completions")
    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="completions")
    session = models.ForeignKey("activities.Session", on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        triggers = [append_only("completion")]
        constraints = [
            models.UniqueConstraint(
                fields=["questionnaire", "person", "session"], nulls_distinct=False, name="completion_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.person_id} done {self.questionnaire_id}"


class Response(models.Model):
    """One anonymous sheet of answers: random id, date only, rewritten in random order nightly. PII: none."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    questionnaire = models.ForeignKey(Questionnaire, on_delete=models.PROTECT, related_name="responses")
    session = models.ForeignKey("activities.Session", on_delete=models.PROTECT, null=True, related_name="+")
    on = models.DateField()

    def __str__(self) -> str:
        return str(self.id)


class Answer(models.Model):
    """One answer of one anonymous sheet. PII: whatever somebody typed into free text."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    response = models.ForeignKey(Response, on_delete=models.PROTECT, related_name="answers")
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="answers")
    number = models.PositiveSmallIntegerField(null=True)
    yes = models.BooleanField(null=True)
    text = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["response", "question"], name="answer_once")]

    def __str__(self) -> str:
        return f"answer to {self.question_id}"


class Commitment(models.Model):
    """A change the learner asked to be reminded of (EVAL-9): kept with the person, apart from answers. PII: yes."""

    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="commitments")
    activity = models.ForeignKey("activities.Activity", on_delete=models.PROTECT, related_name="commitments")
    text = models.CharField(max_length=300)
    made_on = models.DateField()
    remind_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(remind_on=None) | Q(remind_on__gt=models.F("made_on")), name="commitment_dates_coherent",
                violation_error_message="The reminder comes after the promise.",
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.text
