"""The audit log."""

import django.contrib.postgres.fields
from django.db import migrations, models

from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("kernel", "0004_id_of")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[run_sql_file(__file__, "0005_audit")],
            state_operations=[
                migrations.CreateModel(
                    name="Entry",
                    fields=[
                        ("position", models.BigIntegerField(primary_key=True, serialize=False)),
                        ("at", models.DateTimeField()),
                        ("by", models.TextField()),
                        (
                            "roles",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.TextField(), size=None
                            ),
                        ),
                        ("act", models.TextField()),
                        (
                            "outcome",
                            models.TextField(
                                choices=[
                                    ("asked", "Asked"),
                                    ("done", "Done"),
                                    ("refused", "Refused"),
                                    ("failed", "Failed"),
                                    ("seen", "Seen"),
                                ]
                            ),
                        ),
                        ("answers", models.BigIntegerField(null=True)),
                        ("kind", models.TextField()),
                        ("subject", models.TextField()),
                        ("merchant_id", models.UUIDField(null=True)),
                        ("because", models.TextField()),
                        ("before", models.JSONField(null=True)),
                        ("after", models.JSONField(null=True)),
                        ("details", models.JSONField(default=dict)),
                        ("request_id", models.TextField()),
                        ("address", models.TextField()),
                        ("digest", models.BinaryField()),
                    ],
                    options={
                        "verbose_name": "audit entry",
                        "verbose_name_plural": "audit log",
                        "db_table": "audit_entry",
                        "ordering": ["-position"],
                    },
                ),
            ],
        ),
    ]
