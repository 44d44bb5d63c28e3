"""Merchants, keys, fee plans, payment methods. The tables are SQL; Django is told what they look like."""

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

import kernel.ids
from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    initial = True
    # The kernel's migration grants on all tables that exist; ours take back what is too much.
    dependencies = [("kernel", "0001_outbox_and_keys")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[run_sql_file(__file__, "0001_merchants")],
            state_operations=[
                migrations.CreateModel(
                    name="FeePlan",
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
                        ("psp", models.TextField(blank=True, default="")),
                        ("currency", models.CharField(blank=True, default="", max_length=3)),
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
                                help_text="Minor units of the currency; a plan for any currency has none.",
                                validators=[django.core.validators.MinValueValidator(0)],
                            ),
                        ),
                        ("effective_from", models.DateTimeField()),
                    ],
                    options={
                        "db_table": "fee_plan",
                        "ordering": ["-id"],
                    },
                ),
                migrations.CreateModel(
                    name="Merchant",
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
                        ("name", models.TextField()),
                        (
                            "status",
                            models.TextField(
                                choices=[("active", "Active"), ("suspended", "Suspended")],
                                default="active",
                            ),
                        ),
                        ("country", models.CharField(max_length=2)),
                        ("settlement_currency", models.CharField(max_length=3)),
                        ("created_at", models.DateTimeField(editable=False)),
                    ],
                    options={
                        "db_table": "merchant",
                        "ordering": ["-id"],
                    },
                ),
                migrations.CreateModel(
                    name="PaymentMethod",
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
                        ("livemode", models.BooleanField()),
                        ("tokens", models.JSONField()),
                        ("brand", models.TextField(blank=True, default="")),
                        ("last4", models.CharField(blank=True, default="", max_length=4)),
                        ("exp_month", models.SmallIntegerField(null=True)),
                        ("exp_year", models.SmallIntegerField(null=True)),
                        ("country", models.CharField(blank=True, default="", max_length=2)),
                        ("user_id", models.TextField(blank=True, default="")),
                        ("created_at", models.DateTimeField()),
                        ("deleted_at", models.DateTimeField(null=True)),
                    ],
                    options={
                        "db_table": "payment_method",
                        "ordering": ["-id"],
                    },
                ),
                migrations.CreateModel(
                    name="ApiKey",
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
                        (
                            "kind",
                            models.TextField(
                                choices=[("secret", "Secret"), ("restricted", "Restricted")]
                            ),
                        ),
                        ("livemode", models.BooleanField()),
                        (
                            "scopes",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.TextField(), blank=True, default=list, size=None
                            ),
                        ),
                        ("sha256", models.BinaryField(unique=True)),
                        ("last4", models.CharField(max_length=4)),
                        ("created_at", models.DateTimeField()),
                        ("expires_at", models.DateTimeField(null=True)),
                        ("revoked_at", models.DateTimeField(null=True)),
                        ("last_used_at", models.DateTimeField(null=True)),
                        (
                            "merchant",
                            models.ForeignKey(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="api_keys",
                                to="merchants.merchant",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "API key",
                        "db_table": "api_key",
                        "ordering": ["-id"],
                    },
                ),
            ],
        ),
    ]
