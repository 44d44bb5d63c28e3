"""An index of the books by what caused a transaction: by SQL."""

from django.db import migrations

from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("ledger", "0004_undone")]

    operations = [run_sql_file(__file__, "0005_finding")]
