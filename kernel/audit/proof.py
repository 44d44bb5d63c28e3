"""What must be true of the audit log: no entry is missing, and none is another than it was when it was written."""

from __future__ import annotations

from kernel.checks import Check

CHECKS = [
    Check(
        says="the audit log is whole: each entry is chained to the one before it",
        against="""SELECT position FROM (
                SELECT e AS entry, e.position,
                    lag(e.digest, 1, sha256('')) OVER (ORDER BY e.position) AS before,
                    lag(e.position, 1, 0::bigint) OVER (ORDER BY e.position) AS last
                FROM audit_entry e) chained
            WHERE position <> last + 1 OR audit_digest(before, entry) <> (entry).digest""",
    ),
    Check(
        says="the audit log's end was not cut off",
        against="""SELECT h.position FROM audit_head h
            WHERE NOT EXISTS (
                    SELECT FROM audit_entry e WHERE e.position = h.position AND e.digest = h.digest)
                OR EXISTS (SELECT FROM audit_entry e WHERE e.position > h.position)""",
    ),
]
