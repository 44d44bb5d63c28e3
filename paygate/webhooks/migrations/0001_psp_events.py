"""What PSPs told us: the inbox's table and its guards by SQL."""

import django_fsm
from django.db import migrations, models

import kernel.ids
from kernel.sqlfiles import run_sql_file


class Migration(migrations.Migration):
    initial = True
    dependencies = [("kernel", "0001_outbox_and_keys")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[run_sql_file(__file__, "0001_psp_events")],
            state_operations=[
                migrations.CreateModel(
                    name="PspEvent",
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
                        ("psp", models.TextField(verbose_name="PSP")),
                        ("livemode", models.BooleanField()),
                        ("key", models.TextField()),
                        ("kind", models.TextField()),
                        ("payload", models.JSONField(null=True)),
                        ("said_at", models.DateTimeField()),
                        ("received_at", models.DateTimeField()),
                        (
                            "state",
                            django_fsm.FSMField(
                                choices=[
                                    ("received", "Received"),
                                    ("applied", "Applied"),
                                    ("irrelevant", "Irrelevant"),
                                    ("quarantined", "Quarantined"),
                                    ("set_aside", "Set Aside"),
                                ],
                                default="received",
                                max_length=50,
                                protected=True,
                            ),
                        ),
                        ("result", models.TextField(default="")),
                        ("why", models.TextField(default="")),
                        ("tries", models.IntegerField(default=0)),
                        ("next_try_at", models.DateTimeField(null=True)),
                        ("settled_at", models.DateTimeField(null=True)),
                        ("decided_by", models.TextField(default="")),
                        ("decided_why", models.TextField(default="")),
                        ("decided_at", models.DateTimeField(null=True)),
                    ],
                    options={
                        "verbose_name": "PSP event",
                        "db_table": "psp_event",
                        "ordering": ["-id"],
                        "permissions": [
                            ("decide_pspevent", "Can decide about quarantined PSP events")
                        ],
                        "default_permissions": ("view",),
                    },
                ),
            ],
        ),
    ]
