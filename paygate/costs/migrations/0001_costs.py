"""What payments cost us. The tables are SQL; Django is told what they look like."""

import django.core.validators
from django.db import migrations, models

import kernel.ids
from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    initial = True
    dependencies = [("kernel", "0003_uuid7"), ("merchants", "0003_plans")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[run_sql_file(__file__, "0001_costs")],
            state_operations=[
                migrations.CreateModel(
                    name="PaymentCost",
                    fields=[
                        ("merchant_id", models.UUIDField(editable=False)),
                        (
                            "payment_id",
                            models.UUIDField(editable=False, primary_key=True, serialize=False),
                        ),
                        ("livemode", models.BooleanField()),
                        ("psp", models.TextField()),
                        ("psp_reference", models.TextField()),
                        ("currency", models.CharField(max_length=3)),
                        ("brand", models.TextField()),
                        ("country", models.TextField()),
                        ("captured", models.BigIntegerField()),
                        ("captures", models.IntegerField()),
                        ("expected", models.BigIntegerField(null=True)),
                        ("actual", models.BigIntegerField(null=True)),
                        (
                            "deviation",
                            models.GeneratedField(
                                db_persist=True,
                                expression=django.db.models.expressions.CombinedExpression(
                                    models.F("actual"), "-", models.F("expected")
                                ),
                                output_field=models.BigIntegerField(null=True),
                            ),
                        ),
                        ("passed_on", models.BooleanField()),
                        ("sequence", models.IntegerField()),
                        ("captured_at", models.DateTimeField()),
                    ],
                    options={
                        "db_table": "payment_cost",
                        "ordering": ["-payment_id"],
                    },
                ),
                migrations.CreateModel(
                    name="PspCharge",
                    fields=[
                        ("merchant_id", models.UUIDField(editable=False)),
                        (
                            "id",
                            models.UUIDField(
                                default=kernel.ids.uuid7,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("payment_id", models.UUIDField()),
                        ("livemode", models.BooleanField()),
                        ("psp", models.TextField()),
                        ("reference", models.TextField()),
                        ("amount", models.BigIntegerField()),
                        ("currency", models.CharField(max_length=3)),
                        ("charged_at", models.DateTimeField()),
                        ("learned_at", models.DateTimeField()),
                    ],
                    options={
                        "verbose_name": "PSP charge",
                        "db_table": "psp_charge",
                        "ordering": ["-id"],
                    },
                ),
                migrations.CreateModel(
                    name="PspPrice",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=kernel.ids.uuid7,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("psp", models.TextField()),
                        (
                            "method",
                            models.TextField(
                                blank=True,
                                default="",
                                help_text='A brand of card ("visa"), or "card"; empty: any.',
                                validators=[
                                    django.core.validators.RegexValidator("^[a-z0-9_]{1,40}\\Z")
                                ],
                            ),
                        ),
                        (
                            "country",
                            models.TextField(
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
                        ("currency", models.CharField(max_length=3)),
                        (
                            "basis_points",
                            models.IntegerField(
                                validators=[
                                    django.core.validators.MinValueValidator(0),
                                    django.core.validators.MaxValueValidator(10000),
                                ]
                            ),
                        ),
                        (
                            "fixed_minor",
                            models.BigIntegerField(
                                default=0,
                                help_text="Of each capture, in minor units of the currency.",
                                validators=[django.core.validators.MinValueValidator(0)],
                            ),
                        ),
                        ("effective_from", models.DateTimeField()),
                    ],
                    options={
                        "verbose_name": "PSP price",
                        "db_table": "psp_price",
                        "ordering": ["-id"],
                    },
                ),
            ],
        ),
    ]
