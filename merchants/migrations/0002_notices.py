"""Webhooks to merchants: endpoints, notices, attempts. The tables are SQL; Django is told what they look like."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import kernel.ids
from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("merchants", "0001_merchants")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                run_sql_file(__file__, "0002_notices"),
                run_sql_file(__file__, "0002_notices_told"),
            ],
            state_operations=[
                migrations.CreateModel(
                    name="WebhookEndpoint",
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
                        ("url", models.TextField()),
                        (
                            "enabled_events",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.TextField(), size=None
                            ),
                        ),
                        ("description", models.TextField(blank=True, default="")),
                        ("metadata", models.JSONField(default=dict)),
                        (
                            "status",
                            models.TextField(
                                choices=[("enabled", "Enabled"), ("disabled", "Disabled")],
                                default="enabled",
                            ),
                        ),
                        (
                            "disabled_reason",
                            models.TextField(
                                blank=True,
                                choices=[
                                    ("", "None"),
                                    ("requested", "Requested"),
                                    ("gone", "Gone"),
                                    ("failing", "Failing"),
                                    ("back_office", "Back Office"),
                                    ("deleted", "Deleted"),
                                ],
                                default="",
                            ),
                        ),
                        ("disabled_at", models.DateTimeField(null=True)),
                        ("secret", models.BinaryField(null=True)),
                        ("previous_secret", models.BinaryField(null=True)),
                        ("previous_secret_until", models.DateTimeField(null=True)),
                        ("sequence", models.IntegerField(default=0)),
                        ("giving_up", models.BooleanField(default=False)),
                        ("failing_since", models.DateTimeField(null=True)),
                        ("quick", models.BooleanField(default=False)),
                        ("created_at", models.DateTimeField()),
                        ("updated_at", models.DateTimeField()),
                        ("deleted_at", models.DateTimeField(null=True)),
                    ],
                    options={
                        "db_table": "webhook_endpoint",
                        "ordering": ["-id"],
                    },
                ),
                migrations.CreateModel(
                    name="Notice",
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
                        (
                            "webhook_endpoint",
                            models.ForeignKey(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="merchants.webhookendpoint",
                            ),
                        ),
                        ("event_id", models.UUIDField()),
                        ("event_at", models.DateTimeField()),
                        ("topic", models.TextField()),
                        ("subject", models.TextField()),
                        ("sequence", models.IntegerField()),
                        ("body", models.TextField(null=True)),
                        (
                            "status",
                            models.TextField(
                                choices=[
                                    ("pending", "Pending"),
                                    ("delivered", "Delivered"),
                                    ("failed", "Failed"),
                                ],
                                default="pending",
                            ),
                        ),
                        ("failures", models.IntegerField(default=0)),
                        ("attempts", models.IntegerField(default=0)),
                        ("first_failed_at", models.DateTimeField(null=True)),
                        ("next_try_at", models.DateTimeField(null=True)),
                        ("taken_by", models.UUIDField(null=True)),
                        ("created_at", models.DateTimeField()),
                        ("finished_at", models.DateTimeField(null=True)),
                    ],
                    options={
                        "db_table": "notice",
                        "ordering": ["-id"],
                    },
                ),
                migrations.CreateModel(
                    name="NoticeAttempt",
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
                        ("number", models.IntegerField()),
                        ("started_at", models.DateTimeField()),
                        ("milliseconds", models.IntegerField()),
                        ("error", models.TextField(blank=True)),
                        ("url", models.TextField()),
                        ("request_headers", models.JSONField()),
                        ("response_status", models.SmallIntegerField(null=True)),
                        ("response_headers", models.JSONField(null=True)),
                        ("response_body", models.TextField(null=True)),
                        (
                            "notice",
                            models.ForeignKey(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="tries",
                                to="merchants.notice",
                            ),
                        ),
                    ],
                    options={
                        "db_table": "notice_attempt",
                        "ordering": ["number"],
                    },
                ),
            ],
        ),
    ]
