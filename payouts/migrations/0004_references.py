"""An index by the PSPs' references of payouts: by SQL."""

from django.db import migrations

from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("payouts", "0003_in_transit")]

    operations = [run_sql_file(__file__, "0004_references")]
