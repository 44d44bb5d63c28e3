"""A login keeps its name: by it requests, budgets and the audit log know who it was."""

from django.conf import settings
from django.db import migrations

from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    dependencies = [
        ("staff", "0006_unresolved"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [run_sql_file(__file__, "0007_names")]
