"""Many transactions at once: a door for sets, and what must go through besides."""

from django.db import migrations

from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_books"), ("kernel", "0003_uuid7")]

    operations = [run_sql_file(__file__, "0002_staged")]
