"""A merchant's weights for the PSPs."""

from django.db import migrations, models

import kernel.ids


class Migration(migrations.Migration):
    initial = True

    dependencies = [("kernel", "0001_outbox_and_keys")]

    operations = [
        migrations.CreateModel(
            name="RoutingWeight",
            fields=[
                ("merchant_id", models.UUIDField(editable=False)),
                (
                    "id",
                    models.UUIDField(
                        default=kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("psp", models.TextField()),
                ("currency", models.CharField(blank=True, default="", max_length=3)),
                ("weight", models.PositiveIntegerField()),
            ],
            options={
                "db_table": "routing_weight",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("merchant_id", "psp", "currency"),
                        name="routing_weight_one_a_psp_and_currency",
                    )
                ],
            },
        ),
    ]
