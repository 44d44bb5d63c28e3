"""Indexes by what people find merchants, endpoints and payment methods: by SQL."""

from django.db import migrations

from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("merchants", "0005_customers")]

    operations = [run_sql_file(__file__, "0006_finding")]
