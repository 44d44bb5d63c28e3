"""Logins of staff: the second factor, how long a session and a fresh login last, and when guessing is locked out."""

from paygate.settings.env import env

# A login needs a second factor (an authenticator or a passkey), and what moves money a fresh one. Off on a stage alone.
STAFF_SECOND_FACTOR = env.bool("STAFF_SECOND_FACTOR", default=True)
# Minutes for which a second factor that was shown is fresh enough for what moves money.
STAFF_FRESH_MINUTES = env.float("STAFF_FRESH_MINUTES", default=10.0)
