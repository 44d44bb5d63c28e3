"""What must be true of requests and budgets: each is a question to PostgreSQL whose right answer is "no rows"."""

from __future__ import annotations

from kernel.checks import Check

CHECKS = [
    Check(
        "nothing was approved or rejected by whoever asked for it",
        """SELECT merchant_id, id FROM approval_request
           WHERE state NOT IN ('pending', 'withdrawn') AND decided_by IN ('', asked_by)""",
    ),
    Check(
        "nothing is approved for longer than ten minutes without an end",
        """SELECT merchant_id, id, decided_at FROM approval_request
           WHERE state = 'approved' AND decided_at < now() - interval '10 minutes'""",
    ),
    Check(
        "nobody spent more in a day than the largest budget of that day",
        """SELECT person, day, currency, livemode FROM approval_spending
           WHERE given_back_at IS NULL
           GROUP BY person, day, currency, livemode HAVING sum(amount) > max(daily)""",
    ),
]
