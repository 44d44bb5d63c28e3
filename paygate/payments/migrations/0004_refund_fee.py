"""What we charge for a refund, agreed when it is asked for: by SQL."""

from django.db import migrations, models

from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("payments", "0003_conversion")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[run_sql_file(__file__, "0004_refund_fee")],
            state_operations=[
                migrations.AddField(
                    model_name="refund",
                    name="fee",
                    field=models.BigIntegerField(default=0),
                ),
            ],
        ),
    ]
