"""An index of what was undone: by SQL."""

from django.db import migrations

from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_seals")]

    operations = [run_sql_file(__file__, "0004_undone")]
