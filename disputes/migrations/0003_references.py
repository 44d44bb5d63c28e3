"""An index by the PSPs' references of disputes' movements: by SQL."""

from django.db import migrations

from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("disputes", "0002_due")]

    operations = [run_sql_file(__file__, "0003_references")]
