"""Statements, their lines, batches and breaks: by SQL."""

import django.db.models.deletion
import django_fsm
from django.db import migrations, models

import kernel.ids
from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    initial = True
    dependencies = [("kernel", "0003_uuid7"), ("ledger", "0002_staged")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[run_sql_file(__file__, "0001_statements")],
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
                        ("psp", models.TextField(verbose_name="PSP")),
                        ("livemode", models.BooleanField()),
                        ("reference", models.TextField()),
                        ("currency", models.CharField(max_length=3)),
                        ("amount", models.BigIntegerField()),
                        ("told_at", models.DateTimeField()),
                        ("statement_id", models.UUIDField(null=True)),
                        ("row", models.BigIntegerField(null=True)),
                        ("arrived_in", models.UUIDField(null=True)),
                        ("arrived_row", models.BigIntegerField(null=True)),
                        ("arrived", models.BigIntegerField(null=True)),
                        ("arrived_at", models.DateTimeField(null=True)),
                        ("swept_at", models.DateTimeField(null=True)),
                        ("swept_as", models.TextField(blank=True, default="")),
                    ],
                    options={
                        "verbose_name_plural": "batches",
                        "db_table": "settlement_batch",
                        "ordering": ["-id"],
                    },
                ),
                migrations.CreateModel(
                    name="Break",
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
                        ("psp", models.TextField(verbose_name="PSP")),
                        ("livemode", models.BooleanField()),
                        ("key", models.TextField()),
                        (
                            "cause",
                            models.TextField(
                                choices=[
                                    ("missing_here", "unknown to us"),
                                    ("missing_there", "in no statement"),
                                    ("amount", "another amount"),
                                    ("currency", "another currency"),
                                    ("fee", "fee unlike the contract"),
                                    ("fx_rounding", "rounding of a conversion"),
                                    ("captured_twice", "captured twice"),
                                    ("refunded_in_dashboard", "refunded in the PSP's dashboard"),
                                    ("chargeback_not_heard", "chargeback not heard of"),
                                    ("duplicate_line", "line told twice"),
                                    ("wrong_merchant_account", "wrong merchant account"),
                                    ("timing", "timing"),
                                ]
                            ),
                        ),
                        (
                            "state",
                            django_fsm.FSMField(
                                choices=[
                                    ("open", "Open"),
                                    ("investigating", "Investigating"),
                                    ("proposed", "Proposed"),
                                    ("resolved", "Resolved"),
                                    ("written_off", "Written Off"),
                                ],
                                default="open",
                                max_length=50,
                                protected=True,
                            ),
                        ),
                        ("sequence", models.IntegerField(default=1)),
                        ("merchant_id", models.UUIDField()),
                        ("payment_id", models.UUIDField(null=True)),
                        ("item", models.UUIDField(null=True)),
                        ("subject", models.TextField()),
                        ("currency", models.CharField(max_length=3)),
                        ("amount", models.BigIntegerField()),
                        ("statement_id", models.UUIDField(null=True)),
                        ("row", models.BigIntegerField(null=True)),
                        ("evidence", models.JSONField(default=dict)),
                        ("draft", models.JSONField(default=list)),
                        ("news", models.JSONField(null=True)),
                        ("owner", models.TextField(blank=True, default="")),
                        ("opened_at", models.DateTimeField()),
                        ("updated_at", models.DateTimeField()),
                        (
                            "proposed_as",
                            models.TextField(
                                blank=True,
                                choices=[("draft", "Draft"), ("write_off", "Write Off")],
                                default="",
                            ),
                        ),
                        ("proposed_by", models.TextField(blank=True, default="")),
                        ("proposed_because", models.TextField(blank=True, default="")),
                        ("approved_by", models.TextField(blank=True, default="")),
                        ("approved_because", models.TextField(blank=True, default="")),
                        ("closed_at", models.DateTimeField(null=True)),
                        (
                            "closed_by",
                            models.TextField(
                                blank=True,
                                choices=[
                                    ("draft", "Draft"),
                                    ("write_off", "Write Off"),
                                    ("later_line", "Later Line"),
                                    ("newer_file", "Newer File"),
                                ],
                                default="",
                            ),
                        ),
                    ],
                    options={
                        "db_table": "reconciliation_break",
                        "ordering": ["-id"],
                    },
                ),
                migrations.CreateModel(
                    name="Order",
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
                        ("psp", models.TextField(verbose_name="PSP")),
                        ("livemode", models.BooleanField()),
                        ("name", models.TextField()),
                        ("place", models.TextField()),
                        ("day", models.DateField(null=True)),
                        ("ordered_at", models.DateTimeField()),
                        ("looks", models.IntegerField(default=0)),
                        ("next_look_at", models.DateTimeField(null=True)),
                        ("statement_id", models.UUIDField(null=True)),
                        ("problem", models.TextField(blank=True, default="")),
                    ],
                    options={
                        "db_table": "statement_order",
                        "ordering": ["-id"],
                    },
                ),
                migrations.CreateModel(
                    name="Note",
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
                        ("by", models.TextField(blank=True)),
                        ("act", models.TextField()),
                        ("because", models.TextField(blank=True)),
                        (
                            "of",
                            models.ForeignKey(
                                db_column="break_id",
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="notes",
                                to="reconciliation.break",
                            ),
                        ),
                    ],
                    options={
                        "db_table": "reconciliation_note",
                        "ordering": ["id"],
                    },
                ),
                migrations.CreateModel(
                    name="Statement",
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
                        ("psp", models.TextField(verbose_name="PSP")),
                        ("livemode", models.BooleanField()),
                        ("name", models.TextField()),
                        (
                            "source",
                            models.TextField(
                                choices=[
                                    ("fetched", "Fetched"),
                                    ("folder", "Folder"),
                                    ("uploaded", "Uploaded"),
                                    ("bank", "Bank"),
                                ]
                            ),
                        ),
                        ("received_by", models.TextField(blank=True, default="")),
                        ("received_at", models.DateTimeField()),
                        ("sha256", models.TextField()),
                        ("size", models.BigIntegerField()),
                        (
                            "state",
                            models.TextField(
                                choices=[
                                    ("received", "Received"),
                                    ("applied", "Applied"),
                                    ("refused", "Refused"),
                                    ("superseded", "Superseded"),
                                ],
                                default="received",
                            ),
                        ),
                        ("format", models.TextField(blank=True, default="")),
                        ("identity", models.TextField(blank=True, default="")),
                        ("lines", models.BigIntegerField(default=0)),
                        ("until", models.DateTimeField(null=True)),
                        ("refused_row", models.BigIntegerField(null=True)),
                        ("refused_because", models.TextField(blank=True, default="")),
                        ("applied_at", models.DateTimeField(null=True)),
                        ("learned", models.BigIntegerField(default=0)),
                        (
                            "superseded_by",
                            models.ForeignKey(
                                db_column="superseded_by",
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reconciliation.statement",
                            ),
                        ),
                    ],
                    options={
                        "db_table": "statement",
                        "ordering": ["-id"],
                    },
                ),
            ],
        )
    ]
