"""A migration's SQL is read from the file of its name, there and back."""

from __future__ import annotations

import pytest

from kernel.sqlfiles import run_sql_file


def test_a_migration_runs_its_up_file_and_undoes_it_by_its_down_file(tmp_path):
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql" / "0001_books.up.sql").write_text("CREATE TABLE book ();", encoding="utf-8")
    (tmp_path / "sql" / "0001_books.down.sql").write_text("DROP TABLE book;", encoding="utf-8")

    operation = run_sql_file(str(tmp_path / "0001_books.py"), "0001_books")

    assert operation.sql == "CREATE TABLE book ();"
    assert operation.reverse_sql == "DROP TABLE book;"


def test_a_migration_without_a_way_back_is_refused(tmp_path):
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql" / "0001_books.up.sql").write_text("SELECT 1;", encoding="utf-8")

    with pytest.raises(FileNotFoundError):
        run_sql_file(str(tmp_path / "0001_books.py"), "0001_books")
