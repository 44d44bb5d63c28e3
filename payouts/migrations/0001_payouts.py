"""Payouts: the tables, their guards and the functions that move them are SQL; Django is told what they look like."""

import django.db.models.deletion
import django_fsm
from django.db import migrations, models

import kernel.ids
from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    initial = True
    dependencies = [
        ("kernel", "0003_uuid7"),
        ("ledger", "0002_staged"),
        ("merchants", "0002_notices"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[run_sql_file(__file__, "0001_payouts")],
            state_operations=[
                migrations.CreateModel(
                    name="Batch",
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
                        ("livemode", models.BooleanField()),
                        (
                            "rail",
                            models.TextField(
                                choices=[("bank", "Bank"), ("stripe", "Stripe"), ("adyen", "Adyen")]
                            ),
                        ),
                        (
                            "state",
                            django_fsm.FSMField(
                                choices=[
                                    ("draft", "Draft"),
                                    ("pending_approval", "Pending Approval"),
                                    ("approved", "Approved"),
                                    ("sent", "Sent"),
                                    ("canceled", "Canceled"),
                                ],
                                default="draft",
                                max_length=50,
                                protected=True,
                            ),
                        ),
                        ("value_date", models.DateField()),
                        ("note", models.TextField(blank=True, default="")),
                        ("created_by", models.TextField()),
                        ("created_at", models.DateTimeField()),
                        ("submitted_by", models.TextField(blank=True, default="")),
                        ("submitted_at", models.DateTimeField(null=True)),
                        ("digest", models.TextField(blank=True, default="")),
                        ("approved_by", models.TextField(blank=True, default="")),
                        ("approved_at", models.DateTimeField(null=True)),
                        ("approved_because", models.TextField(blank=True, default="")),
                        ("canceled_by", models.TextField(blank=True, default="")),
                        ("canceled_because", models.TextField(blank=True, default="")),
                        ("sent_at", models.DateTimeField(null=True)),
                        ("updated_at", models.DateTimeField()),
                    ],
                    options={
                        "verbose_name_plural": "batches",
                        "db_table": "payout_batch",
                        "ordering": ["-id"],
                    },
                ),
                migrations.CreateModel(
                    name="Destination",
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
                        ("currency", models.CharField(max_length=3)),
                        (
                            "rail",
                            models.TextField(
                                choices=[("bank", "Bank"), ("stripe", "Stripe"), ("adyen", "Adyen")]
                            ),
                        ),
                        (
                            "kind",
                            models.TextField(
                                choices=[("iban", "Iban"), ("us", "Us"), ("stripe", "Stripe")]
                            ),
                        ),
                        ("holder", models.TextField()),
                        ("country", models.CharField(max_length=2)),
                        ("sealed", models.BinaryField()),
                        ("last4", models.TextField()),
                        ("bic", models.TextField(blank=True, default="")),
                        ("routing_number", models.TextField(blank=True, default="")),
                        ("account_type", models.TextField(default="checking")),
                        ("bank_name", models.TextField(blank=True, default="")),
                        (
                            "state",
                            django_fsm.FSMField(
                                choices=[
                                    ("proposed", "Proposed"),
                                    ("approved", "Approved"),
                                    ("rejected", "Rejected"),
                                    ("retired", "Retired"),
                                ],
                                default="proposed",
                                max_length=50,
                                protected=True,
                            ),
                        ),
                        ("proposed_by", models.TextField()),
                        ("proposed_because", models.TextField(blank=True, default="")),
                        ("decided_by", models.TextField(blank=True, default="")),
                        ("decided_because", models.TextField(blank=True, default="")),
                        ("created_at", models.DateTimeField()),
                        ("decided_at", models.DateTimeField(null=True)),
                        ("usable_from", models.DateTimeField(null=True)),
                        ("retired_at", models.DateTimeField(null=True)),
                    ],
                    options={
                        "db_table": "payout_destination",
                        "ordering": ["-id"],
                    },
                ),
                migrations.CreateModel(
                    name="Report",
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
                        ("livemode", models.BooleanField()),
                        ("number", models.BigIntegerField()),
                        ("name", models.TextField()),
                        ("kind", models.TextField()),
                        ("sha256", models.TextField()),
                        ("content", models.BinaryField()),
                        (
                            "state",
                            models.TextField(
                                choices=[
                                    ("received", "Received"),
                                    ("applied", "Applied"),
                                    ("unreadable", "Unreadable"),
                                ],
                                default="received",
                            ),
                        ),
                        ("message", models.TextField(blank=True, default="")),
                        ("items", models.IntegerField(default=0)),
                        ("received_at", models.DateTimeField()),
                        ("applied_at", models.DateTimeField(null=True)),
                    ],
                    options={
                        "db_table": "payout_report",
                        "ordering": ["-number"],
                    },
                ),
                migrations.CreateModel(
                    name="Schedule",
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
                        ("currency", models.CharField(max_length=3)),
                        (
                            "interval",
                            models.TextField(
                                choices=[
                                    ("manual", "Manual"),
                                    ("daily", "Daily"),
                                    ("weekly", "Weekly"),
                                    ("monthly", "Monthly"),
                                ]
                            ),
                        ),
                        ("anchor", models.SmallIntegerField(default=0)),
                        ("minimum", models.BigIntegerField(default=1)),
                        ("agreed_by", models.TextField()),
                        ("effective_from", models.DateTimeField()),
                        ("created_at", models.DateTimeField()),
                    ],
                    options={
                        "db_table": "payout_schedule",
                        "ordering": ["-id"],
                    },
                ),
                migrations.CreateModel(
                    name="BankFile",
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
                        ("livemode", models.BooleanField()),
                        ("format", models.TextField()),
                        ("currency", models.CharField(max_length=3)),
                        ("sequence", models.BigIntegerField()),
                        ("message_id", models.TextField(unique=True)),
                        ("payments", models.IntegerField()),
                        ("total", models.BigIntegerField()),
                        ("sha256", models.TextField()),
                        ("content", models.BinaryField()),
                        (
                            "state",
                            models.TextField(
                                choices=[
                                    ("made", "Made"),
                                    ("sent", "Sent"),
                                    ("accepted", "Accepted"),
                                    ("rejected", "Rejected"),
                                ],
                                default="made",
                            ),
                        ),
                        ("outcome", models.TextField(blank=True, default="")),
                        ("message", models.TextField(blank=True, default="")),
                        ("created_at", models.DateTimeField()),
                        ("taken_at", models.DateTimeField(null=True)),
                        ("sent_at", models.DateTimeField(null=True)),
                        ("looks", models.IntegerField(default=0)),
                        ("next_look_at", models.DateTimeField(null=True)),
                        (
                            "batch",
                            models.ForeignKey(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="files",
                                to="payouts.batch",
                            ),
                        ),
                    ],
                    options={
                        "db_table": "payout_file",
                        "ordering": ["-id"],
                    },
                ),
                migrations.CreateModel(
                    name="Payout",
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
                                    ("draft", "Draft"),
                                    ("pending_approval", "Pending Approval"),
                                    ("approved", "Approved"),
                                    ("in_transit", "In Transit"),
                                    ("paid", "Paid"),
                                    ("failed", "Failed"),
                                    ("returned", "Returned"),
                                    ("canceled", "Canceled"),
                                ],
                                default="draft",
                                max_length=50,
                                protected=True,
                            ),
                        ),
                        ("sequence", models.IntegerField(default=1)),
                        ("amount", models.BigIntegerField()),
                        ("currency", models.CharField(max_length=3)),
                        (
                            "rail",
                            models.TextField(
                                choices=[("bank", "Bank"), ("stripe", "Stripe"), ("adyen", "Adyen")]
                            ),
                        ),
                        (
                            "method",
                            models.TextField(
                                choices=[
                                    ("api", "Api"),
                                    ("schedule", "Schedule"),
                                    ("back_office", "Back Office"),
                                ]
                            ),
                        ),
                        ("scheduled_for", models.DateField(null=True)),
                        ("trace", models.TextField(blank=True, default="")),
                        ("psp_reference", models.TextField(blank=True, default="")),
                        ("description", models.TextField(blank=True, default="")),
                        ("statement_descriptor", models.TextField(blank=True, default="")),
                        ("metadata", models.JSONField(default=dict)),
                        ("failure_code", models.TextField(blank=True, default="")),
                        ("failure_message", models.TextField(blank=True, default="")),
                        ("outcome", models.TextField(blank=True, default="")),
                        ("taken_at", models.DateTimeField(null=True)),
                        ("looks", models.IntegerField(default=0)),
                        ("next_look_at", models.DateTimeField(null=True)),
                        ("created_at", models.DateTimeField()),
                        ("updated_at", models.DateTimeField()),
                        ("sent_at", models.DateTimeField(null=True)),
                        ("arrives_on", models.DateField(null=True)),
                        (
                            "batch",
                            models.ForeignKey(
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="payouts",
                                to="payouts.batch",
                            ),
                        ),
                        (
                            "destination",
                            models.ForeignKey(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="payouts",
                                to="payouts.destination",
                            ),
                        ),
                        (
                            "file",
                            models.ForeignKey(
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="payouts",
                                to="payouts.bankfile",
                            ),
                        ),
                    ],
                    options={
                        "db_table": "payout",
                        "ordering": ["-id"],
                    },
                ),
                migrations.CreateModel(
                    name="ReportException",
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
                        ("place", models.IntegerField()),
                        ("reference", models.TextField(blank=True)),
                        ("became", models.TextField()),
                        ("amount", models.BigIntegerField(null=True)),
                        ("currency", models.CharField(max_length=3, null=True)),
                        ("code", models.TextField(blank=True)),
                        ("message", models.TextField(blank=True)),
                        ("why", models.TextField()),
                        ("created_at", models.DateTimeField()),
                        ("settled_at", models.DateTimeField(null=True)),
                        ("settled_by", models.TextField(blank=True, default="")),
                        ("settled_because", models.TextField(blank=True, default="")),
                        (
                            "report",
                            models.ForeignKey(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="exceptions",
                                to="payouts.report",
                            ),
                        ),
                    ],
                    options={
                        "db_table": "payout_report_exception",
                        "ordering": ["-id"],
                    },
                ),
            ],
        ),
    ]
