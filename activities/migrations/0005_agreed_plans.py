import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("activities", "0004_attendance_imports"),
    ]

    operations = [
        migrations.CreateModel(
            name="AgreedPlan",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveSmallIntegerField()),
                (
                    "how",
                    models.CharField(
                        choices=[
                            ("approved", "Approved"),
                            ("published", "Published"),
                            ("designated", "Designated again"),
                            ("confirmed", "Change confirmed"),
                            ("found", "As it was before its first change"),
                        ],
                        max_length=12,
                    ),
                ),
                ("facts", models.JSONField()),
                ("plan_changed_at", models.DateTimeField()),
                ("at", models.DateTimeField()),
                ("by", models.CharField(max_length=250)),
                ("reason", models.TextField(blank=True)),
                (
                    "activity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="agreements", to="activities.activity"
                    ),
                ),
            ],
            options={
                "ordering": ["number"],
                "constraints": [models.UniqueConstraint(fields=("activity", "number"), name="agreed_plan_number_once")],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="agreedplan",
            trigger=pgtrigger.compiler.Trigger(
                name="agreed_plan_append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="3bf6334bd449296bdaeb82963e70ec554d08c381",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_agreed_plan_append_only_18dc7",
                    table="activities_agreedplan",
                    when="BEFORE",
                ),
            ),
        ),
    ]
