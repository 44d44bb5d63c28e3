"""Who may answer and accept disputes at the desk, and the indexes that its lists are read by."""

from django.db import migrations

from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("disputes", "0003_references")]

    operations = [
        migrations.AlterModelOptions(
            name="dispute",
            options={
                "ordering": ["-id"],
                "permissions": [
                    ("answer", "Can give evidence and answer disputes"),
                    ("accept", "Can accept disputes, which gives the money up"),
                ],
            },
        ),
        run_sql_file(__file__, "0004_desk"),
    ]
