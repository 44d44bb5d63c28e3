"""Figures of the dashboard. The tables are SQL; Django is told what they look like, and who may see them."""

from django.db import migrations, models

from kernel.sqlfiles import run_sql_file

_KEY = ("merchant_id", "livemode", "currency", "span", "what", "starts", "psp", "reason")


class Migration(migrations.Migration):
    initial = True
    dependencies = [("ledger", "0001_books"), ("kernel", "0003_uuid7")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[run_sql_file(__file__, "0001_figures")],
            state_operations=[
                migrations.CreateModel(
                    name="Figure",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                *_KEY, blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("merchant_id", models.UUIDField()),
                        ("livemode", models.BooleanField()),
                        ("currency", models.CharField(max_length=3)),
                        ("span", models.TextField()),
                        ("what", models.TextField()),
                        ("starts", models.DateTimeField()),
                        ("psp", models.TextField()),
                        ("reason", models.TextField()),
                        ("number", models.BigIntegerField()),
                        ("amount", models.BigIntegerField()),
                    ],
                    options={
                        "db_table": "figure",
                        "default_permissions": (),
                        "permissions": [("view_dashboard", "Can see the dashboard's figures")],
                    },
                ),
            ],
        ),
    ]
