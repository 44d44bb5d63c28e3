"""Calendars, and what is agreed with merchants about their money: tables and guards by SQL, business days filled in."""

import django.core.validators
from django.db import migrations, models

import kernel.ids
from kernel.sqlfiles import run_sql_file
from merchants.funds import calendars


class Migration(migrations.Migration):
    initial = True
    dependencies = [("kernel", "0003_uuid7"), ("merchants", "0002_notices")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[run_sql_file(__file__, "0001_funds")],
            state_operations=[
                migrations.CreateModel(
                    name="BusinessDay",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True,
                                primary_key=True,
                                serialize=False,
                                verbose_name="ID",
                            ),
                        ),
                        (
                            "calendar",
                            models.TextField(
                                choices=[
                                    ("target", "target"),
                                    ("us", "us"),
                                    ("gb", "gb"),
                                    ("jp", "jp"),
                                    ("weekdays", "weekdays"),
                                ]
                            ),
                        ),
                        ("day", models.DateField()),
                        ("is_open", models.BooleanField()),
                        ("ordinal", models.IntegerField()),
                        ("name", models.TextField(blank=True)),
                    ],
                    options={
                        "db_table": "business_day",
                        "ordering": ["calendar", "day"],
                    },
                ),
                migrations.CreateModel(
                    name="Terms",
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
                        (
                            "calendar",
                            models.TextField(
                                choices=[
                                    ("target", "target"),
                                    ("us", "us"),
                                    ("gb", "gb"),
                                    ("jp", "jp"),
                                    ("weekdays", "weekdays"),
                                ]
                            ),
                        ),
                        (
                            "time_zone",
                            models.TextField(
                                default="UTC",
                                help_text='By its name: "Europe/Berlin". Days begin and end there.',
                            ),
                        ),
                        (
                            "cutoff",
                            models.TimeField(
                                blank=True,
                                help_text="Local time after which a capture counts as the next day's. Empty: midnight.",
                                null=True,
                            ),
                        ),
                        (
                            "delay_days",
                            models.SmallIntegerField(
                                default=2,
                                help_text="Business days from the capture's day until it is available: T+n.",
                                validators=[
                                    django.core.validators.MinValueValidator(0),
                                    django.core.validators.MaxValueValidator(60),
                                ],
                            ),
                        ),
                        (
                            "reserve_basis_points",
                            models.IntegerField(
                                default=0,
                                help_text="The part held back of what becomes available, in 1/100 %.",
                                validators=[
                                    django.core.validators.MinValueValidator(0),
                                    django.core.validators.MaxValueValidator(10000),
                                ],
                            ),
                        ),
                        (
                            "reserve_days",
                            models.SmallIntegerField(
                                default=0,
                                help_text="Calendar days for which it is held back.",
                                validators=[
                                    django.core.validators.MinValueValidator(0),
                                    django.core.validators.MaxValueValidator(730),
                                ],
                            ),
                        ),
                        (
                            "refund_rate",
                            models.TextField(
                                choices=[("original", "Original"), ("current", "Current")],
                                default="original",
                            ),
                        ),
                        (
                            "convert",
                            models.BooleanField(
                                default=False,
                                help_text="Convert each payment in another currency into the settlement currency.",
                            ),
                        ),
                        (
                            "fx_spread_basis_points",
                            models.IntegerField(
                                default=100,
                                help_text="What the merchant's rate is worse than the market's, in 1/100 %.",
                                validators=[
                                    django.core.validators.MinValueValidator(0),
                                    django.core.validators.MaxValueValidator(10000),
                                ],
                            ),
                        ),
                        ("effective_from", models.DateTimeField()),
                    ],
                    options={
                        "verbose_name": "terms",
                        "verbose_name_plural": "terms",
                        "db_table": "merchant_terms",
                        "ordering": ["-effective_from"],
                    },
                ),
            ],
        ),
        migrations.RunPython(lambda *_: calendars.fill(), migrations.RunPython.noop),
    ]
