"""Payments that are converted into another currency: by SQL."""

from django.db import migrations, models

from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("payments", "0002_refunds"), ("fx", "0001_fx")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[run_sql_file(__file__, "0003_conversion")],
            state_operations=[
                migrations.AddField(
                    model_name="payment",
                    name="conversion",
                    field=models.JSONField(null=True),
                ),
            ],
        ),
    ]
