"""The desk for attempts whose outcome nobody knows: a name for them, and no table of their own."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("payments", "0007_by_hand")]

    operations = [
        migrations.CreateModel(
            name="Unresolved",
            fields=[],
            options={
                "verbose_name": "unresolved attempt",
                "verbose_name_plural": "unresolved money",
                "ordering": ["started_at"],
                "proxy": True,
                "default_permissions": ("view",),
                "indexes": [],
                "constraints": [],
            },
            bases=("payments.attempt",),
        ),
    ]
