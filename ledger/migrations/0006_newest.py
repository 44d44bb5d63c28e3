"""An index of the books by the transactions' ids, whosever they are: by SQL."""

from django.db import migrations

from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("ledger", "0005_finding")]

    operations = [run_sql_file(__file__, "0006_newest")]
