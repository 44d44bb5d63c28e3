"""What is due of merchants' money, what is held back of it, and the pass that makes it available: all of it SQL."""

from django.db import migrations, models

import kernel.ids
from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("funds", "0001_funds"), ("ledger", "0002_staged")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[run_sql_file(__file__, "0002_due")],
            state_operations=[
                migrations.CreateModel(
                    name="Due",
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
                        ("due_on", models.DateField()),
                        ("due_at", models.DateTimeField()),
                        ("amount", models.BigIntegerField()),
                        ("released", models.BigIntegerField(default=0)),
                        ("releases", models.IntegerField(default=0)),
                        (
                            "settled",
                            models.GeneratedField(
                                db_persist=True,
                                expression=models.ExpressionWrapper(
                                    models.Q(("amount", models.F("released"))),
                                    output_field=models.BooleanField(),
                                ),
                                output_field=models.BooleanField(),
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "due funds",
                        "verbose_name_plural": "due funds",
                        "db_table": "funds_due",
                        "ordering": ["due_at"],
                    },
                ),
                migrations.CreateModel(
                    name="Reserve",
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
                        ("source", models.TextField()),
                        ("amount", models.BigIntegerField()),
                        ("due_on", models.DateField()),
                        ("due_at", models.DateTimeField()),
                        ("released_at", models.DateTimeField(null=True)),
                    ],
                    options={
                        "db_table": "funds_reserve",
                        "ordering": ["due_at"],
                    },
                ),
            ],
        ),
    ]
