"""Disputes: tables and guards by SQL."""

import django.db.models.deletion
import django_fsm
from django.db import migrations, models

import kernel.ids
from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    initial = True
    dependencies = [("kernel", "0001_outbox_and_keys"), ("payments", "0001_payments")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[run_sql_file(__file__, "0001_disputes")],
            state_operations=[
                migrations.CreateModel(
                    name="Dispute",
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
                        ("psp", models.TextField()),
                        ("psp_reference", models.TextField()),
                        (
                            "stage",
                            models.TextField(
                                choices=[
                                    ("inquiry", "inquiry"),
                                    ("chargeback", "chargeback"),
                                    ("pre_arbitration", "pre_arbitration"),
                                ]
                            ),
                        ),
                        (
                            "status",
                            django_fsm.FSMField(
                                choices=[
                                    ("needs_response", "Needs Response"),
                                    ("under_review", "Under Review"),
                                    ("won", "Won"),
                                    ("lost", "Lost"),
                                ],
                                default="needs_response",
                                max_length=50,
                                protected=True,
                            ),
                        ),
                        ("sequence", models.IntegerField(default=0)),
                        ("amount", models.BigIntegerField()),
                        ("currency", models.CharField(max_length=3)),
                        ("outstanding", models.BigIntegerField(default=0)),
                        ("fee", models.BigIntegerField()),
                        (
                            "reason",
                            models.TextField(
                                choices=[
                                    ("fraudulent", "fraudulent"),
                                    ("product_not_received", "product_not_received"),
                                    ("product_unacceptable", "product_unacceptable"),
                                    ("duplicate", "duplicate"),
                                    ("credit_not_processed", "credit_not_processed"),
                                    ("subscription_canceled", "subscription_canceled"),
                                    ("unrecognized", "unrecognized"),
                                    ("general", "general"),
                                ]
                            ),
                        ),
                        ("reason_code", models.TextField(default="")),
                        ("evidence_due_by", models.DateTimeField(null=True)),
                        ("reminders", models.SmallIntegerField(default=0)),
                        ("opened_at", models.DateTimeField()),
                        ("reported_at", models.DateTimeField()),
                        ("closed_at", models.DateTimeField(null=True)),
                        ("submitted_at", models.DateTimeField(null=True)),
                        ("created_at", models.DateTimeField()),
                        ("updated_at", models.DateTimeField()),
                    ],
                    options={
                        "db_table": "dispute",
                        "ordering": ["-id"],
                    },
                ),
                migrations.CreateModel(
                    name="Case",
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
                        ("psp", models.TextField()),
                        ("psp_reference", models.TextField()),
                        (
                            "dispute",
                            models.ForeignKey(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="cases",
                                to="disputes.dispute",
                            ),
                        ),
                    ],
                    options={
                        "db_table": "dispute_case",
                        "ordering": ["id"],
                    },
                ),
                migrations.CreateModel(
                    name="Act",
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
                        ("psp", models.TextField()),
                        ("psp_reference", models.TextField()),
                        (
                            "action",
                            models.TextField(choices=[("submit", "Submit"), ("accept", "Accept")]),
                        ),
                        ("idempotency_key", models.TextField(default="")),
                        (
                            "outcome",
                            models.TextField(
                                choices=[
                                    ("unknown", "Unknown"),
                                    ("done", "Done"),
                                    ("declined", "Declined"),
                                    ("not_sent", "Not Sent"),
                                    ("overtaken", "Overtaken"),
                                ],
                                default="",
                            ),
                        ),
                        ("psp_code", models.TextField(default="")),
                        ("psp_message", models.TextField(default="")),
                        ("started_at", models.DateTimeField()),
                        ("taken_at", models.DateTimeField(null=True)),
                        ("finished_at", models.DateTimeField(null=True)),
                        ("looks", models.IntegerField(default=0)),
                        ("next_look_at", models.DateTimeField(null=True)),
                        (
                            "dispute",
                            models.ForeignKey(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="acts",
                                to="disputes.dispute",
                            ),
                        ),
                    ],
                    options={
                        "db_table": "dispute_act",
                        "ordering": ["-id"],
                    },
                ),
                migrations.CreateModel(
                    name="Evidence",
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
                        ("kind", models.TextField()),
                        ("text", models.TextField(default="")),
                        ("file_name", models.TextField(default="")),
                        ("media_type", models.TextField(default="")),
                        ("size", models.BigIntegerField(default=0)),
                        ("sha256", models.TextField(default="")),
                        ("stored_as", models.TextField(default="")),
                        ("given_at", models.DateTimeField()),
                        ("replaced_at", models.DateTimeField(null=True)),
                        (
                            "dispute",
                            models.ForeignKey(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="evidence",
                                to="disputes.dispute",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name_plural": "evidence",
                        "db_table": "dispute_evidence",
                        "ordering": ["id"],
                    },
                ),
                migrations.CreateModel(
                    name="Movement",
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
                        ("psp", models.TextField()),
                        ("psp_reference", models.TextField()),
                        (
                            "direction",
                            models.TextField(
                                choices=[("withdrawn", "withdrawn"), ("reinstated", "reinstated")]
                            ),
                        ),
                        ("amount", models.BigIntegerField()),
                        ("fee", models.BigIntegerField()),
                        ("currency", models.CharField(max_length=3)),
                        ("said_at", models.DateTimeField()),
                        ("heard_at", models.DateTimeField()),
                        (
                            "dispute",
                            models.ForeignKey(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="movements",
                                to="disputes.dispute",
                            ),
                        ),
                    ],
                    options={
                        "db_table": "dispute_movement",
                        "ordering": ["id"],
                    },
                ),
                migrations.CreateModel(
                    name="Report",
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
                        ("digest", models.BinaryField()),
                        ("psp_reference", models.TextField()),
                        ("continues", models.TextField(default="")),
                        ("said_at", models.DateTimeField()),
                        ("stage", models.TextField()),
                        ("standing", models.TextField()),
                        ("amount", models.BigIntegerField()),
                        ("reason", models.TextField()),
                        ("reason_code", models.TextField(default="")),
                        ("evidence_due_by", models.DateTimeField(null=True)),
                        ("movements", models.JSONField(default=list)),
                        ("act", models.UUIDField(null=True)),
                        ("heard_at", models.DateTimeField()),
                        (
                            "dispute",
                            models.ForeignKey(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="reports",
                                to="disputes.dispute",
                            ),
                        ),
                    ],
                    options={
                        "db_table": "dispute_report",
                        "ordering": ["said_at", "id"],
                    },
                ),
                migrations.CreateModel(
                    name="Round",
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
                        ("number", models.SmallIntegerField()),
                        ("withdrawal", models.UUIDField()),
                        ("amount", models.BigIntegerField()),
                        ("fee", models.BigIntegerField()),
                        ("reinstatement", models.UUIDField(null=True)),
                        ("returned", models.BigIntegerField(default=0)),
                        ("times_lost", models.SmallIntegerField(default=0)),
                        ("lost_as", models.UUIDField(null=True)),
                        (
                            "dispute",
                            models.ForeignKey(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="rounds",
                                to="disputes.dispute",
                            ),
                        ),
                    ],
                    options={
                        "db_table": "dispute_round",
                        "ordering": ["number"],
                    },
                ),
            ],
        ),
    ]
