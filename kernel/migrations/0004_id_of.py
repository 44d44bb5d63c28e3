"""From a public id back to the id, for the database."""

from django.db import migrations

from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("kernel", "0003_uuid7")]

    operations = [run_sql_file(__file__, "0004_id_of")]
