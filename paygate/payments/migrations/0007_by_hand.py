"""Refunds by our staff, attempts whose outcome nobody knows, and what staff may do: by SQL."""

from django.db import migrations, models

from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("payments", "0006_finding")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[run_sql_file(__file__, "0007_by_hand")],
            state_operations=[
                migrations.AlterField(
                    model_name="refund",
                    name="source",
                    field=models.TextField(
                        choices=[("api", "Api"), ("psp", "Psp"), ("back_office", "Back Office")],
                        default="api",
                    ),
                ),
                migrations.AlterModelOptions(
                    name="payment",
                    options={
                        "ordering": ["-id"],
                        "permissions": [
                            ("refund", "Can refund payments"),
                            ("capture", "Can capture payments"),
                            ("cancel", "Can cancel payments"),
                        ],
                    },
                ),
                migrations.AlterModelOptions(
                    name="attempt",
                    options={
                        "ordering": ["-id"],
                        "permissions": [
                            ("look_up", "Can ask the PSP what became of an attempt"),
                            ("view_wire", "Can see what was sent to PSPs and answered, redacted"),
                            (
                                "decide_unknown",
                                "Can say, with a document, what became of an attempt",
                            ),
                        ],
                    },
                ),
            ],
        ),
    ]
