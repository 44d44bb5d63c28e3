"""Django looks for an app's pages here."""

from paygate.staff.back_office.logins import AuthenticatorAdmin, SessionAdmin
from paygate.staff.back_office.people import PersonAdmin, RoleAdmin

__all__ = ["AuthenticatorAdmin", "PersonAdmin", "RoleAdmin", "SessionAdmin"]
