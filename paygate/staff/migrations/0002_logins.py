"""What the logins of staff are kept by, and who may look after other people's."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import kernel.ids
from kernel.sqlfiles import run_sql_file
from paygate.staff.grants import grants

OF = {
    "staff.reset_authenticator": (
        "authenticator",
        "Can take all second factors of somebody else away",
    ),
    "staff.end_session": ("session", "Can end other people's sessions"),
}
VIEW = ["staff.view_authenticator", "staff.view_session"]


def _of_a_person(name):
    return models.ForeignKey(
        on_delete=django.db.models.deletion.CASCADE,
        related_name=name,
        to=settings.AUTH_USER_MODEL,
        null=name == "sessions",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("staff", "0001_roles"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[run_sql_file(__file__, "0002_logins")],
            state_operations=[
                migrations.CreateModel(
                    name="Authenticator",
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
                                choices=[("app", "Authenticator app"), ("passkey", "Passkey")]
                            ),
                        ),
                        ("name", models.TextField()),
                        ("secret", models.BinaryField(null=True)),
                        ("credential_id", models.BinaryField(null=True, unique=True)),
                        ("credential", models.BinaryField(null=True)),
                        ("count", models.BigIntegerField(default=0)),
                        ("created_at", models.DateTimeField()),
                        ("used_at", models.DateTimeField(null=True)),
                        ("user", _of_a_person("authenticators")),
                    ],
                    options={
                        "db_table": "staff_authenticator",
                        "ordering": ["id"],
                        "default_permissions": ("view",),
                        "permissions": [
                            (
                                "reset_authenticator",
                                "Can take all second factors of somebody else away",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RecoveryCode",
                    fields=[
                        ("digest", models.BinaryField(primary_key=True, serialize=False)),
                        ("made_at", models.DateTimeField()),
                        ("used_at", models.DateTimeField(null=True)),
                        ("user", _of_a_person("recovery_codes")),
                    ],
                    options={"db_table": "staff_recovery_code", "default_permissions": ()},
                ),
                migrations.CreateModel(
                    name="Session",
                    fields=[
                        (
                            "session_key",
                            models.CharField(
                                max_length=40,
                                primary_key=True,
                                serialize=False,
                                verbose_name="session key",
                            ),
                        ),
                        ("session_data", models.TextField(verbose_name="session data")),
                        (
                            "expire_date",
                            models.DateTimeField(db_index=True, verbose_name="expire date"),
                        ),
                        ("begun_at", models.DateTimeField()),
                        ("seen_at", models.DateTimeField()),
                        ("address", models.TextField()),
                        ("agent", models.TextField(verbose_name="browser")),
                        ("user", _of_a_person("sessions")),
                    ],
                    options={
                        "db_table": "staff_session",
                        "ordering": ["-seen_at"],
                        "default_permissions": ("view",),
                        "permissions": [("end_session", "Can end other people's sessions")],
                    },
                ),
                migrations.CreateModel(
                    name="Guess",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "what",
                                "name",
                                "address",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("what", models.TextField()),
                        ("name", models.TextField()),
                        ("address", models.TextField()),
                        ("failures", models.IntegerField()),
                        ("last_at", models.DateTimeField()),
                        ("free_at", models.DateTimeField()),
                    ],
                    options={"db_table": "staff_guess", "default_permissions": ()},
                ),
            ],
        ),
        grants(
            {"auditor": VIEW, "administrator": [*VIEW, *OF]},
            of=OF,
        ),
    ]
