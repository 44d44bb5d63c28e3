"""The books. The tables and their guards are SQL; Django is told only what they look like."""

import django.db.models.deletion
from django.db import migrations, models

from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    initial = True
    # Its grants are to all tables there are by then; the books, made later, take most of them back.
    dependencies = [("kernel", "0001_outbox_and_keys")]

    operations = [
        run_sql_file(__file__, "0001_books"),
        migrations.CreateModel(
            name="LedgerAccount",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("merchant_id", models.UUIDField()),
                ("livemode", models.BooleanField()),
                ("code", models.TextField()),
                ("currency", models.CharField(max_length=3)),
                ("guarded", models.BooleanField()),
            ],
            options={"db_table": "ledger_account", "managed": False, "verbose_name": "account"},
        ),
        migrations.CreateModel(
            name="LedgerTransaction",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("merchant_id", models.UUIDField()),
                ("livemode", models.BooleanField()),
                ("kind", models.TextField()),
                ("source", models.TextField()),
                ("reverses", models.UUIDField(null=True)),
                ("memo", models.TextField()),
                ("effective_at", models.DateTimeField()),
                ("posted_at", models.DateTimeField()),
            ],
            options={
                "db_table": "ledger_transaction",
                "managed": False,
                "verbose_name": "transaction",
            },
        ),
        migrations.CreateModel(
            name="LedgerEntry",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("merchant_id", models.UUIDField()),
                ("line", models.SmallIntegerField()),
                ("type", models.TextField(choices=[("DEBIT", "Debit"), ("CREDIT", "Credit")])),
                ("amount", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("effective_at", models.DateTimeField()),
                ("posted_at", models.DateTimeField()),
                (
                    "account",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="entries",
                        to="ledger.ledgeraccount",
                    ),
                ),
                (
                    "transaction",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="entries",
                        to="ledger.ledgertransaction",
                    ),
                ),
            ],
            options={
                "db_table": "ledger_entry",
                "managed": False,
                "verbose_name": "entry",
                "verbose_name_plural": "entries",
            },
        ),
    ]
