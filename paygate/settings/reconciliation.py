"""Reconciliation: when files are asked for, where others drop them, and how large one may be."""

from paygate.settings.env import env

# Bytes of one file, as it comes. A line of a PSP's takes some 300: fourteen million of them.
STATEMENT_MOST = env.int("STATEMENT_MOST", default=4 << 30)
# A folder in which others drop files, as <psp>/<test or live>/<name>; empty for none.
RECONCILIATION_FOLDER = env.str("RECONCILIATION_FOLDER", default="")
# Seconds for which a file there has not changed when it is taken.
RECONCILIATION_FOLDER_STILL = env.float("RECONCILIATION_FOLDER_STILL", default=10.0)
# Seconds after the end of a day (UTC) when PSPs are asked for their files of it; and for how many days that is caught
# up, and a file that is not there looked for.
STATEMENTS_ORDER_AFTER = env.float("STATEMENTS_ORDER_AFTER", default=3600.0)
STATEMENTS_DAYS_BACK = env.int("STATEMENTS_DAYS_BACK", default=14)
# Seconds until a file that was not ready is looked for again: twice as long each time, up to LONGEST_PAUSE.
STATEMENTS_LOOK_AGAIN = env.float("STATEMENTS_LOOK_AGAIN", default=15.0)
# Business days after which what was booked has to be in a statement; and what a PSP told that it paid, in our bank's.
RECONCILIATION_DUE_DAYS = env.json(
    "RECONCILIATION_DUE_DAYS", default={"stripe": 3, "adyen": 3, "braintree": 3, "bank": 3}
)
# Days for which a break may be open, and for which a PSP that gives statements may give none, before somebody is told.
RECONCILIATION_BREAK_DAYS = env.int("RECONCILIATION_BREAK_DAYS", default=3)
RECONCILIATION_SILENT_DAYS = env.int("RECONCILIATION_SILENT_DAYS", default=4)
