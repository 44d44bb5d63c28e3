"""Refunds, captures that are taken back, and what a dispute holds: by SQL."""

import django_fsm
from django.db import migrations, models

import kernel.ids
from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_payments")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[run_sql_file(__file__, "0002_refunds")],
            state_operations=[
                migrations.CreateModel(
                    name="Refund",
                    fields=[
                        ("merchant_id", models.UUIDField(editable=False)),
                        (
                            "id",
                            models.UUIDField(
                                default=kernel.ids.uuid7,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("payment_id", models.UUIDField()),
                        ("livemode", models.BooleanField()),
                        (
                            "state",
                            django_fsm.FSMField(
                                choices=[
                                    ("pending", "Pending"),
                                    ("succeeded", "Succeeded"),
                                    ("failed", "Failed"),
                                    ("canceled", "Canceled"),
                                ],
                                default="pending",
                                max_length=50,
                                protected=True,
                            ),
                        ),
                        ("sequence", models.IntegerField(default=1)),
                        ("amount", models.BigIntegerField()),
                        ("currency", models.CharField(max_length=3)),
                        ("reason", models.TextField(default="")),
                        (
                            "source",
                            models.TextField(
                                choices=[("api", "Api"), ("psp", "Psp")], default="api"
                            ),
                        ),
                        ("psp", models.TextField()),
                        ("of_reference", models.TextField()),
                        ("captured", models.BigIntegerField()),
                        ("psp_reference", models.TextField(default="")),
                        ("failure_code", models.TextField(default="")),
                        ("failure_message", models.TextField(default="")),
                        ("metadata", models.JSONField(default=dict)),
                        ("created_at", models.DateTimeField()),
                        ("updated_at", models.DateTimeField()),
                    ],
                    options={
                        "db_table": "refund",
                        "ordering": ["-id"],
                    },
                ),
                migrations.AddField(
                    model_name="attempt",
                    name="refund_id",
                    field=models.UUIDField(null=True),
                ),
                migrations.AlterField(
                    model_name="attempt",
                    name="operation",
                    field=models.TextField(
                        choices=[
                            ("authorize", "Authorize"),
                            ("confirm", "Confirm"),
                            ("capture", "Capture"),
                            ("cancel", "Cancel"),
                            ("expire", "Expire"),
                            ("refund", "Refund"),
                        ]
                    ),
                ),
            ],
        ),
    ]
