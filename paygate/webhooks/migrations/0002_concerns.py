"""Which payment an event tells of, in its PSP's words: by SQL."""

from django.db import migrations, models

from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("webhooks", "0001_psp_events")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[run_sql_file(__file__, "0002_concerns")],
            state_operations=[
                migrations.AddField(
                    model_name="pspevent",
                    name="concerns",
                    field=models.TextField(default=""),
                ),
            ],
        ),
    ]
