"""What must be true of what PSPs told us; what is quarantined is work for a person, no contradiction."""

from __future__ import annotations

from kernel.checks import Check

CHECKS = [
    Check(
        "nothing that a PSP told is kept twice, so nothing has its effect twice",
        """SELECT psp, livemode, key FROM psp_event GROUP BY psp, livemode, key HAVING count(*) > 1""",
    ),
    Check(
        "what a PSP told is settled exactly when it was applied, needed nothing, or was set aside",
        """SELECT psp, livemode, key FROM psp_event
           WHERE (state IN ('applied', 'irrelevant', 'set_aside')) <> (settled_at IS NOT NULL)
               OR (state = 'received') <> (next_try_at IS NOT NULL)""",
    ),
    Check(
        "nothing that a PSP told has waited a quarter of an hour for its turn",
        """SELECT psp, livemode, key, next_try_at FROM psp_event
           WHERE state = 'received' AND next_try_at < now() - interval '15 minutes'""",
    ),
    Check(
        "nothing that a PSP told was set aside without a name and a reason",
        """SELECT psp, livemode, key FROM psp_event
           WHERE state = 'set_aside' AND (decided_by = '' OR decided_why = '' OR decided_at IS NULL)""",
    ),
    Check(
        "nothing that a PSP told was forgotten before it was settled",
        """SELECT psp, livemode, key FROM psp_event WHERE payload IS NULL AND settled_at IS NULL""",
    ),
]
