"""An index for whoever watches: SQL alone, nothing that Django knows of changes."""

from django.db import migrations

from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("payouts", "0002_collect")]

    operations = [run_sql_file(__file__, "0003_in_transit")]
