"""What people may do to payments by hand, beside looking at them."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("payments", "0007_by_hand")]

    operations = [
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
                ],
            },
        ),
    ]
