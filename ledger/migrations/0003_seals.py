"""Days are closed and sealed: by SQL, for all books at once."""

from django.db import migrations

from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_staged")]

    operations = [run_sql_file(__file__, "0003_seals")]
