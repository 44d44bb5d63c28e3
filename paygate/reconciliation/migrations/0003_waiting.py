"""Indexes of what waits for whoever reconciles, and of statements by name: by SQL."""

from django.db import migrations

from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("reconciliation", "0002_closing")]

    operations = [run_sql_file(__file__, "0003_waiting")]
