"""Lists that somebody gave a name to."""

from django.db import migrations, models

import kernel.ids
from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("kernel", "0005_audit")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[run_sql_file(__file__, "0006_lists")],
            state_operations=[
                migrations.CreateModel(
                    name="SavedList",
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
                        ("page", models.TextField()),
                        ("name", models.TextField()),
                        ("query", models.TextField()),
                        ("owner", models.TextField()),
                        ("shared", models.BooleanField(default=False)),
                        ("created_at", models.DateTimeField()),
                    ],
                    options={
                        "db_table": "saved_list",
                        "ordering": ["name", "id"],
                        "default_permissions": (),
                    },
                ),
            ],
        ),
    ]
