"""Indexes of what waits for a person before money leaves: by SQL."""

from django.db import migrations

from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("payouts", "0004_references")]

    operations = [run_sql_file(__file__, "0005_waiting")]
