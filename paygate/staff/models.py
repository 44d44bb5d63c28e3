"""What the logins of staff are kept by: second factors, recovery codes, sessions, and how often somebody was wrong."""

from __future__ import annotations

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models

from kernel.ids import uuid7

# By which browsers and systems are told from one another. Most claim to be others, too: the first that fits is it.
_BROWSERS = (
    *(("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome")),
    *(("Safari/", "Safari"), ("python-requests/", "A script")),
)
_SYSTEMS = (
    *(("Windows", "Windows"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android")),
    *(("Mac OS", "macOS"), ("Linux", "Linux")),
)


class Authenticator(models.Model):
    """One second factor of one person: an app that makes codes, or a passkey."""

    class Kind(models.TextChoices):
        APP = "app", "Authenticator app"
        PASSKEY = "passkey", "Passkey"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="authenticators"
    )
    kind = models.TextField(choices=Kind.choices)
    name = models.TextField()  # By which its owner tells it from others.
    secret = models.BinaryField(null=True)  # An app's, sealed (kernel.sealed).
    credential_id = models.BinaryField(null=True, unique=True)  # A passkey's,
    credential = models.BinaryField(null=True)  # and its public key, as WebAuthn writes it.
    # The step of time of the code that was shown last, or the passkey's own count: neither ever goes back.
    count = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "staff_authenticator"
        ordering = ["id"]
        default_permissions = ("view",)
        permissions = [
            ("reset_authenticator", "Can take all second factors of somebody else away"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} “{self.name}”"


class RecoveryCode(models.Model):
    """One of the codes on paper that stand in for a lost authenticator, each once. Only its digest is kept."""

    digest = models.BinaryField(primary_key=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="recovery_codes"
    )
    made_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "staff_recovery_code"
        default_permissions = ()


class Session(AbstractBaseSession):
    """A browser in which somebody is logged in, or on the way to it (then it is nobody's yet)."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="sessions"
    )
    begun_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    address = models.TextField()
    agent = models.TextField(verbose_name="browser")  # As it calls itself.

    class Meta:
        db_table = "staff_session"
        ordering = ["-seen_at"]
        default_permissions = ("view",)
        permissions = [("end_session", "Can end other people's sessions")]

    @property
    def browser(self) -> str:
        """Which it is, in two words, as far as one can tell: "Firefox on Windows"."""
        name = next((name for mark, name in _BROWSERS if mark in self.agent), "A browser")
        system = next((name for mark, name in _SYSTEMS if mark in self.agent), "")
        return f"{name} on {system}" if system else name

    def __str__(self) -> str:
        return f"session of {self.user} since {self.begun_at:%Y-%m-%d %H:%M} UTC"


class Guess(models.Model):
    """How often somebody was wrong, one after the other, about one login from one address."""

    pk = models.CompositePrimaryKey("what", "name", "address")
    what = models.TextField()  # "password" or "code".
    name = models.TextField()  # The login; empty for all logins from that address.
    address = models.TextField()  # Empty for all addresses.
    failures = models.IntegerField()
    last_at = models.DateTimeField()
    free_at = models.DateTimeField()  # Until then nothing more is looked at.

    class Meta:
        db_table = "staff_guess"
        default_permissions = ()
