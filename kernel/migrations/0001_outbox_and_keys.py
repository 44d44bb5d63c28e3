"""The outbox and the idempotency keys: tables by SQL, Django only reads and writes them."""

from django.db import migrations, models

import kernel.ids
from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    initial = True
    dependencies = []

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[run_sql_file(__file__, "0001_outbox_and_keys")],
            state_operations=[
                migrations.CreateModel(
                    name="IdempotencyKey",
                    fields=[
                        ("key", models.TextField(primary_key=True, serialize=False)),
                        ("merchant_id", models.UUIDField()),
                        ("livemode", models.BooleanField()),
                        ("fingerprint", models.BinaryField()),
                        ("subject", models.UUIDField()),
                        ("status", models.SmallIntegerField(null=True)),
                        ("body", models.TextField(null=True)),
                        ("created_at", models.DateTimeField()),
                        ("finished_at", models.DateTimeField(null=True)),
                    ],
                    options={"db_table": "idempotency_key"},
                ),
                migrations.CreateModel(
                    name="OutboxEvent",
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
                        ("merchant_id", models.UUIDField()),
                        ("livemode", models.BooleanField()),
                        ("topic", models.TextField()),
                        ("subject", models.TextField()),
                        ("sequence", models.IntegerField()),
                        ("body", models.JSONField()),
                        ("created_at", models.DateTimeField()),
                        ("told_at", models.DateTimeField(null=True)),
                        ("position", models.BigIntegerField()),
                    ],
                    options={"db_table": "outbox_event"},
                ),
            ],
        ),
    ]
