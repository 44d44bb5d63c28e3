"""The application may do to a month of the outbox no more than to all of it."""

from django.db import migrations

from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("kernel", "0001_outbox_and_keys")]

    operations = [run_sql_file(__file__, "0002_outbox_parts")]
