"""Payments and attempts: tables, guards and the writing function by SQL."""

import django_fsm
from django.db import migrations, models

import kernel.ids
from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    initial = True
    dependencies = [("kernel", "0001_outbox_and_keys"), ("ledger", "0001_books")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[run_sql_file(__file__, "0001_payments")],
            state_operations=[
                migrations.CreateModel(
                    name="Attempt",
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
                        (
                            "operation",
                            models.TextField(
                                choices=[
                                    ("authorize", "Authorize"),
                                    ("confirm", "Confirm"),
                                    ("capture", "Capture"),
                                    ("cancel", "Cancel"),
                                    ("expire", "Expire"),
                                ]
                            ),
                        ),
                        ("psp", models.TextField()),
                        ("amount", models.BigIntegerField()),
                        ("final", models.BooleanField(default=True)),
                        ("token", models.TextField(default="")),
                        ("result", models.JSONField(default=dict)),
                        ("route", models.JSONField(default=dict)),
                        ("idempotency_key", models.TextField(default="")),
                        (
                            "outcome",
                            models.TextField(
                                choices=[
                                    ("unknown", "Unknown"),
                                    ("pending", "Pending"),
                                    ("approved", "Approved"),
                                    ("action_required", "Action Required"),
                                    ("declined", "Declined"),
                                    ("not_sent", "Not Sent"),
                                ],
                                default="",
                            ),
                        ),
                        ("decline_code", models.TextField(default="")),
                        ("psp_code", models.TextField(default="")),
                        ("psp_message", models.TextField(default="")),
                        ("psp_reference", models.TextField(default="")),
                        ("started_at", models.DateTimeField()),
                        ("taken_at", models.DateTimeField(null=True)),
                        ("finished_at", models.DateTimeField(null=True)),
                        ("looks", models.IntegerField(default=0)),
                        ("next_look_at", models.DateTimeField(null=True)),
                    ],
                    options={
                        "db_table": "payment_attempt",
                        "ordering": ["-id"],
                    },
                ),
                migrations.CreateModel(
                    name="Payment",
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
                        ("livemode", models.BooleanField()),
                        (
                            "state",
                            django_fsm.FSMField(
                                choices=[
                                    ("created", "Created"),
                                    ("in_review", "In Review"),
                                    ("processing", "Processing"),
                                    ("requires_action", "Requires Action"),
                                    ("authorized", "Authorized"),
                                    ("partially_captured", "Partially Captured"),
                                    ("captured", "Captured"),
                                    ("failed", "Failed"),
                                    ("canceled", "Canceled"),
                                    ("expired", "Expired"),
                                ],
                                default="created",
                                max_length=50,
                                protected=True,
                            ),
                        ),
                        ("sequence", models.IntegerField(default=0)),
                        ("amount", models.BigIntegerField()),
                        ("currency", models.CharField(max_length=3)),
                        ("amount_authorized", models.BigIntegerField(default=0)),
                        ("amount_captured", models.BigIntegerField(default=0)),
                        ("amount_refunded", models.BigIntegerField(default=0)),
                        ("amount_refund_pending", models.BigIntegerField(default=0)),
                        ("amount_disputed", models.BigIntegerField(default=0)),
                        ("fee", models.BigIntegerField(default=0)),
                        ("user_id", models.TextField()),
                        ("payment_method", models.TextField()),
                        ("capture_method", models.TextField()),
                        ("psp", models.TextField(default="")),
                        ("psp_reference", models.TextField(default="")),
                        ("next_action", models.JSONField(null=True)),
                        ("last_error", models.JSONField(null=True)),
                        ("risk", models.JSONField()),
                        ("description", models.TextField(default="")),
                        ("statement_descriptor", models.TextField(default="")),
                        ("return_url", models.TextField(default="")),
                        ("metadata", models.JSONField(default=dict)),
                        ("created_at", models.DateTimeField()),
                        ("updated_at", models.DateTimeField()),
                        ("expires_at", models.DateTimeField(null=True)),
                    ],
                    options={
                        "db_table": "payment",
                        "ordering": ["-id"],
                    },
                ),
            ],
        ),
    ]
