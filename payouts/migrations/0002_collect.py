"""Collecting by schedules and what people did to batches: SQL; Django is told of the table and the permissions."""

import django.db.models.deletion
from django.db import migrations, models

import kernel.ids
from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    dependencies = [
        ("funds", "0002_due"),
        ("payouts", "0001_payouts"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="batch",
            options={
                "ordering": ["-id"],
                "permissions": [
                    ("build_batch", "Can build, submit and cancel batches"),
                    ("approve_batch", "Can approve batches that somebody else built"),
                    ("approve_large_batch", "Can approve batches above the limit"),
                ],
                "verbose_name_plural": "batches",
            },
        ),
        migrations.AlterModelOptions(
            name="destination",
            options={
                "ordering": ["-id"],
                "permissions": [
                    ("decide_destination", "Can approve, reject and retire destinations")
                ],
            },
        ),
        migrations.AlterModelOptions(
            name="bankfile",
            options={
                "ordering": ["-id"],
                "permissions": [
                    ("download_bankfile", "Can read files of the bank's, with account numbers")
                ],
            },
        ),
        migrations.AlterModelOptions(
            name="reportexception",
            options={
                "ordering": ["-id"],
                "permissions": [("settle_reportexception", "Can say how an exception was seen to")],
            },
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[run_sql_file(__file__, "0002_collect")],
            state_operations=[
                migrations.CreateModel(
                    name="Act",
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
                        (
                            "what",
                            models.TextField(
                                choices=[
                                    ("built", "Built"),
                                    ("filled", "Filled"),
                                    ("dated", "Dated"),
                                    ("removed", "Removed"),
                                    ("submitted", "Submitted"),
                                    ("taken_back", "Taken Back"),
                                    ("approved", "Approved"),
                                    ("canceled", "Canceled"),
                                ]
                            ),
                        ),
                        ("by", models.TextField()),
                        ("because", models.TextField(blank=True, default="")),
                        ("at", models.DateTimeField()),
                        ("payouts", models.IntegerField(default=0)),
                        ("details", models.JSONField(blank=True, default=dict)),
                        (
                            "batch",
                            models.ForeignKey(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="acts",
                                to="payouts.batch",
                            ),
                        ),
                    ],
                    options={"db_table": "payout_batch_act", "ordering": ["id"]},
                ),
            ],
        ),
    ]
