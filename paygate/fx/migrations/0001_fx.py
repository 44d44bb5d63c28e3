"""Rates, feeds and quotes, and the revaluation: by SQL."""

from django.db import migrations, models

import kernel.ids
from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    initial = True
    dependencies = [("ledger", "0002_staged")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[run_sql_file(__file__, "0001_fx")],
            state_operations=[
                migrations.CreateModel(
                    name="Feed",
                    fields=[
                        ("provider", models.TextField(primary_key=True, serialize=False)),
                        ("asked_at", models.DateTimeField()),
                        ("heard_at", models.DateTimeField(null=True)),
                        ("problem", models.TextField(default="")),
                    ],
                    options={"db_table": "fx_feed"},
                ),
                migrations.CreateModel(
                    name="Quote",
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
                        ("from_currency", models.CharField(max_length=3)),
                        ("to_currency", models.CharField(max_length=3)),
                        ("rate", models.DecimalField(decimal_places=15, max_digits=30)),
                        ("market", models.DecimalField(decimal_places=15, max_digits=30)),
                        ("amount", models.BigIntegerField(null=True)),
                        ("converted_amount", models.BigIntegerField(null=True)),
                        ("created_at", models.DateTimeField()),
                        ("expires_at", models.DateTimeField()),
                        ("payment_id", models.UUIDField(null=True)),
                    ],
                    options={"db_table": "fx_quote", "ordering": ["-id"]},
                ),
                migrations.CreateModel(
                    name="Rate",
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
                        ("provider", models.TextField()),
                        ("base", models.CharField(max_length=3)),
                        ("quote", models.CharField(max_length=3)),
                        ("rate", models.DecimalField(decimal_places=15, max_digits=30)),
                        ("as_of", models.DateField()),
                        ("fetched_at", models.DateTimeField()),
                        (
                            "state",
                            models.TextField(
                                choices=[
                                    ("accepted", "Accepted"),
                                    ("quarantined", "Quarantined"),
                                    ("refused", "Refused"),
                                ]
                            ),
                        ),
                        (
                            "against",
                            models.DecimalField(decimal_places=15, max_digits=30, null=True),
                        ),
                        ("decided_by", models.TextField(default="")),
                        ("reason", models.TextField(default="")),
                        ("decided_at", models.DateTimeField(null=True)),
                    ],
                    options={"db_table": "fx_rate", "ordering": ["-as_of", "quote"]},
                ),
            ],
        ),
    ]
