"""Migrations that are SQL: `migrations/sql/0002_books.up.sql` and `.down.sql`, run by a three-line migration."""

from __future__ import annotations

from pathlib import Path

from django.db.migrations.operations import RunSQL


def run_sql_file(migration: str, name: str) -> RunSQL:
    """The operation for a migration's SQL: run_sql_file(__file__, "0002_books")."""
    folder = Path(migration).parent / "sql"
    return RunSQL(
        sql=(folder / f"{name}.up.sql").read_text(encoding="utf-8"),
        reverse_sql=(folder / f"{name}.down.sql").read_text(encoding="utf-8"),
    )
