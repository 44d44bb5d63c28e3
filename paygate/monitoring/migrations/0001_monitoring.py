"""What was read last, and success by the minute. The tables are SQL; Django is told what they look like."""

from django.db import migrations, models

from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    initial = True
    dependencies = [("kernel", "0003_uuid7")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[run_sql_file(__file__, "0001_monitoring")],
            state_operations=[
                migrations.CreateModel(
                    name="Taken",
                    fields=[
                        ("name", models.TextField(primary_key=True, serialize=False)),
                        ("samples", models.JSONField()),
                        ("taken_at", models.DateTimeField()),
                    ],
                    options={"db_table": "reading"},
                ),
                migrations.CreateModel(
                    name="SuccessMinute",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True,
                                primary_key=True,
                                serialize=False,
                                verbose_name="ID",
                            ),
                        ),
                        ("psp", models.TextField()),
                        ("livemode", models.BooleanField()),
                        ("operation", models.TextField()),
                        ("minute", models.DateTimeField()),
                        ("outcome", models.TextField()),
                        ("decline_code", models.TextField()),
                        ("currency", models.CharField(max_length=3)),
                        ("attempts", models.BigIntegerField()),
                        ("amount", models.BigIntegerField()),
                    ],
                    options={
                        "db_table": "success_minute",
                        "unique_together": {
                            (
                                "minute",
                                "psp",
                                "livemode",
                                "operation",
                                "outcome",
                                "decline_code",
                                "currency",
                            )
                        },
                    },
                ),
            ],
        ),
    ]
