"""By what people find payments, refunds and attempts: by SQL.

In one transaction, indexes too: these tables are new wherever this runs, and built CONCURRENTLY the words of payments
that are made meanwhile would have to be added by hand.
"""

from django.db import migrations, models

from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("payments", "0005_references")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[run_sql_file(__file__, "0006_finding")],
            state_operations=[
                migrations.AddField(
                    model_name="payment",
                    name="last4",
                    field=models.TextField(default=""),
                ),
            ],
        ),
    ]
