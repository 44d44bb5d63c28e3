"""Logins of staff: the second factor, how long a session and a fresh login last, and when guessing is locked out."""

from paygate.settings.env import env

# A login needs a second factor (an authenticator or a passkey), and what moves money a fresh one. Off on a stage alone.
STAFF_SECOND_FACTOR = True
# Minutes for which a second factor that was shown is fresh enough for what moves money.
STAFF_FRESH_MINUTES = env.float("STAFF_FRESH_MINUTES", default=10.0)

# Sessions are in PostgreSQL, for Redis may be emptied. They end when nobody uses them, and some time after the login.
SESSION_ENGINE = "paygate.staff.sessions"
STAFF_IDLE_MINUTES = env.float("STAFF_IDLE_MINUTES", default=30.0)
STAFF_SESSION_HOURS = env.float("STAFF_SESSION_HOURS", default=12.0)
STAFF_SESSIONS = env.int("STAFF_SESSIONS", default=3)  # At once, of one person.
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
# Lax, not Strict: a link in a ticket or a mail opens the page it names. What changes anything is a POST, with a token.
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "paygate.staff.refusals.forged"
# Proxies of ours before the web server, each of which appends to X-Forwarded-For from where it was called.
PROXIES = env.int("PROXIES", default=0)
