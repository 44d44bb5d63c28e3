"""Charges that are read off statements: by SQL."""

from django.db import migrations, models

from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("costs", "0001_costs"), ("kernel", "0003_uuid7")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[run_sql_file(__file__, "0002_statements")],
            state_operations=[
                migrations.AddField("PspCharge", "statement_id", models.UUIDField(null=True))
            ],
        )
    ]
