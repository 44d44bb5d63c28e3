"""An index by the PSPs' references of refunds: by SQL."""

from django.db import migrations

from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("payments", "0004_refund_fee")]

    operations = [run_sql_file(__file__, "0005_references")]
