"""What was said to PSPs, redacted: by SQL."""

from django.db import migrations, models

import kernel.ids
from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("payments", "0008_unresolved")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[run_sql_file(__file__, "0009_exchanges")],
            state_operations=[
                migrations.CreateModel(
                    name="Exchange",
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
                        ("attempt_id", models.UUIDField()),
                        ("psp", models.TextField()),
                        ("at", models.DateTimeField()),
                        ("milliseconds", models.IntegerField()),
                        ("method", models.TextField()),
                        ("path", models.TextField()),
                        ("query", models.TextField(default="")),
                        ("status", models.SmallIntegerField(null=True)),
                        ("error", models.TextField(default="")),
                        ("asked", models.TextField()),
                        ("answered", models.TextField()),
                    ],
                    options={
                        "db_table": "psp_exchange",
                        "ordering": ["id"],
                        "default_permissions": (),
                    },
                ),
            ],
        ),
    ]
