"""Requests for a second person, their documents, what one may do alone and what was done of it: by SQL."""

import django_fsm
from django.db import migrations, models

import kernel.ids
from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    initial = True
    # The kernel's migration grants on all tables that exist; ours take back what is too much.
    dependencies = [("kernel", "0001_outbox_and_keys")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[run_sql_file(__file__, "0001_approvals")],
            state_operations=[
                migrations.CreateModel(
                    name="Document",
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
                        ("file_name", models.TextField()),
                        ("media_type", models.TextField()),
                        ("size", models.BigIntegerField()),
                        ("sha256", models.TextField()),
                        ("stored_as", models.TextField()),
                        ("given_by", models.TextField()),
                        ("given_at", models.DateTimeField()),
                    ],
                    options={
                        "db_table": "approval_document",
                        "ordering": ["-id"],
                        "default_permissions": (),
                    },
                ),
                migrations.CreateModel(
                    name="Limit",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        ("role", models.TextField()),
                        ("currency", models.CharField(max_length=3)),
                        ("single", models.BigIntegerField(verbose_name="at once")),
                        ("daily", models.BigIntegerField(verbose_name="in a day")),
                    ],
                    options={"db_table": "approval_limit", "ordering": ["role", "currency"]},
                ),
                migrations.CreateModel(
                    name="Request",
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
                        ("kind", models.TextField()),
                        ("subject", models.TextField()),
                        ("amount", models.BigIntegerField()),
                        ("currency", models.CharField(max_length=3)),
                        ("payload", models.JSONField()),
                        ("document_id", models.UUIDField(null=True)),
                        ("key", models.TextField()),
                        ("asked_by", models.TextField(verbose_name="asked by")),
                        ("asked_because", models.TextField(verbose_name="because")),
                        ("asked_at", models.DateTimeField(verbose_name="asked at")),
                        (
                            "state",
                            django_fsm.FSMField(
                                choices=[
                                    ("pending", "waiting"),
                                    ("approved", "Approved"),
                                    ("rejected", "Rejected"),
                                    ("withdrawn", "Withdrawn"),
                                    ("done", "Done"),
                                    ("failed", "Failed"),
                                ],
                                default="pending",
                                max_length=50,
                                protected=True,
                            ),
                        ),
                        ("decided_by", models.TextField(default="", verbose_name="decided by")),
                        (
                            "decided_because",
                            models.TextField(default="", verbose_name="decided because"),
                        ),
                        ("decided_at", models.DateTimeField(null=True, verbose_name="decided at")),
                        ("result", models.TextField(default="")),
                        ("failure", models.TextField(default="")),
                        ("ended_at", models.DateTimeField(null=True, verbose_name="ended at")),
                    ],
                    options={
                        "db_table": "approval_request",
                        "ordering": ["-id"],
                        "permissions": [
                            ("decide", "Can approve and reject what others ask for"),
                            ("decide_large", "Can approve sums above every limit"),
                        ],
                        "default_permissions": ("view",),
                    },
                ),
                migrations.CreateModel(
                    name="Spending",
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
                        ("key", models.TextField()),
                        ("person", models.TextField()),
                        ("day", models.DateField()),
                        ("currency", models.CharField(max_length=3)),
                        ("amount", models.BigIntegerField()),
                        ("single", models.BigIntegerField()),
                        ("daily", models.BigIntegerField()),
                        ("spent_at", models.DateTimeField()),
                        ("given_back_at", models.DateTimeField(null=True)),
                    ],
                    options={
                        "db_table": "approval_spending",
                        "ordering": ["-id"],
                        "default_permissions": (),
                    },
                ),
            ],
        ),
    ]
