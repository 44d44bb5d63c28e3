"""Customers, each under a key of their own."""

from django.db import migrations, models

import kernel.ids
from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("merchants", "0004_failing")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[run_sql_file(__file__, "0005_customers")],
            state_operations=[
                migrations.CreateModel(
                    name="Customer",
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
                        ("user_id", models.TextField()),
                        ("sealed_key", models.BinaryField(null=True)),
                        ("details", models.BinaryField(null=True)),
                        ("email_hash", models.BinaryField(null=True)),
                        ("created_at", models.DateTimeField()),
                        ("erased_at", models.DateTimeField(null=True)),
                    ],
                    options={
                        "db_table": "customer",
                        "ordering": ["-id"],
                        "permissions": [
                            ("see_pii", "Can see what is private of a customer"),
                            ("erase_customer", "Can erase a customer"),
                        ],
                    },
                ),
            ],
        ),
    ]
