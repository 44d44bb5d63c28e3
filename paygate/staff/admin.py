"""Django looks for an app's pages here."""

from paygate.staff.back_office.logins import AuthenticatorAdmin, SessionAdmin

__all__ = ["AuthenticatorAdmin", "SessionAdmin"]
