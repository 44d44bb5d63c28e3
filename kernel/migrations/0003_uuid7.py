"""Ids that the database makes by itself, and their public form by the hundred thousand."""

from django.db import migrations

from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("kernel", "0002_outbox_parts")]

    operations = [run_sql_file(__file__, "0003_uuid7")]
