"""Plans by method and country, with limits and tiers; the volume that tiers go by."""

import django.core.validators
from django.db import migrations, models

from kernel.sqlfiles import run_sql_file
from merchants.pricing.rate import check_tiers


class Migration(migrations.Migration):
    dependencies = [("merchants", "0002_notices"), ("ledger", "0001_books")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[run_sql_file(__file__, "0003_plans")],
            state_operations=[
                migrations.AddField(
                    model_name="feeplan",
                    name="country",
                    field=models.TextField(
                        blank=True,
                        default="",
                        help_text='The card issuer\'s: "DE", or "domestic", "eea", "other"; empty: any.',
                        validators=[
                            django.core.validators.RegexValidator(
                                "^([A-Z]{2}|domestic|eea|other)\\Z"
                            )
                        ],
                    ),
                ),
                migrations.AddField(
                    model_name="feeplan",
                    name="dispute_fee_minor",
                    field=models.BigIntegerField(
                        blank=True,
                        help_text="Of each dispute. Empty: what a less specific plan says.",
                        null=True,
                        validators=[django.core.validators.MinValueValidator(0)],
                    ),
                ),
                migrations.AddField(
                    model_name="feeplan",
                    name="maximum_minor",
                    field=models.BigIntegerField(
                        blank=True,
                        help_text="The most that is taken. Empty: no limit.",
                        null=True,
                        validators=[django.core.validators.MinValueValidator(0)],
                    ),
                ),
                migrations.AddField(
                    model_name="feeplan",
                    name="method",
                    field=models.TextField(
                        blank=True,
                        default="",
                        help_text='A brand of card ("visa"), or "card"; empty: any.',
                        validators=[django.core.validators.RegexValidator("^[a-z0-9_]{1,40}\\Z")],
                    ),
                ),
                migrations.AddField(
                    model_name="feeplan",
                    name="minimum_minor",
                    field=models.BigIntegerField(
                        default=0,
                        help_text="The least that is taken.",
                        validators=[django.core.validators.MinValueValidator(0)],
                    ),
                ),
                migrations.AddField(
                    model_name="feeplan",
                    name="pricing",
                    field=models.TextField(
                        choices=[
                            ("blended", "Blended"),
                            ("interchange_plus_plus", "Interchange Plus Plus"),
                        ],
                        default="blended",
                    ),
                ),
                migrations.AddField(
                    model_name="feeplan",
                    name="refund_fee_minor",
                    field=models.BigIntegerField(
                        blank=True,
                        help_text="Of each refund. Empty: what a less specific plan says.",
                        null=True,
                        validators=[django.core.validators.MinValueValidator(0)],
                    ),
                ),
                migrations.AddField(
                    model_name="feeplan",
                    name="tiers",
                    field=models.JSONField(
                        blank=True,
                        default=list,
                        help_text='What counts from a volume in the calendar month on, rising: [{"from": 10000000, "basis_points": 190, "fixed": 25}].',
                        validators=[check_tiers],
                    ),
                ),
            ],
        ),
    ]
