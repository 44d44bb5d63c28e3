"""Who may close breaks, and what was proposed stays what is approved: SQL; Django is told of the column."""

from django.db import migrations, models

from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("reconciliation", "0001_statements")]

    operations = [
        migrations.AlterModelOptions(
            name="break",
            options={
                "ordering": ["-id"],
                "permissions": [
                    ("propose", "Can look into breaks, and propose how they are closed"),
                    ("approve", "Can approve what somebody else proposed"),
                ],
            },
        ),
        migrations.AlterModelOptions(
            name="statement",
            options={
                "ordering": ["-id"],
                "permissions": [
                    ("upload", "Can upload statements, and have refused ones read again")
                ],
            },
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[run_sql_file(__file__, "0002_closing")],
            state_operations=[
                migrations.AddField(
                    model_name="break",
                    name="proposed_digest",
                    field=models.TextField(blank=True, default=""),
                ),
            ],
        ),
    ]
