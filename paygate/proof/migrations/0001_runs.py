"""Runs of the proof, kept: by SQL."""

from django.db import migrations, models

import kernel.ids
from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    initial = True
    dependencies = [("ledger", "0003_seals")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[run_sql_file(__file__, "0001_runs")],
            state_operations=[
                migrations.CreateModel(
                    name="Run",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=kernel.ids.uuid7,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("at", models.DateTimeField()),
                        ("seconds", models.FloatField()),
                        ("by", models.TextField(default="")),
                        ("holds", models.BooleanField()),
                        ("discrepancies", models.BigIntegerField()),
                        ("payments", models.BigIntegerField()),
                        ("heads", models.JSONField()),
                        ("result", models.JSONField()),
                    ],
                    options={
                        "db_table": "proof_run",
                        "ordering": ["-at"],
                        "verbose_name": "proof",
                        "verbose_name_plural": "proofs",
                        "default_permissions": ("view",),
                        "permissions": [("run", "Can have the proof run")],
                    },
                ),
            ],
        ),
    ]
