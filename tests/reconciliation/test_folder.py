"""Files dropped into a folder are taken when they are whole, once, and never deleted."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from paygate.reconciliation.folder import pick_up
from paygate.reconciliation.models import Statement
from tests.reconciliation.files import AT


@pytest.fixture
def box(tmp_path: Path, settings: Any, db: None) -> Path:
    """Where Stripe's files of test mode are dropped; none has to lie still."""
    settings.RECONCILIATION_FOLDER, settings.RECONCILIATION_FOLDER_STILL = str(tmp_path), 0.0
    folder = tmp_path / "stripe" / "test"
    folder.mkdir(parents=True)
    return folder


def lying(box: Path) -> list[str]:
    return sorted(str(path.relative_to(box)) for path in box.rglob("*") if not path.is_dir())


def test_a_file_is_received_and_moved(box: Path) -> None:
    (box / "report.csv").write_bytes(b"a,b\n")

    assert pick_up(at=AT) == 1

    statement = Statement.objects.get()
    assert (statement.psp, statement.livemode, statement.source) == ("stripe", False, "folder")
    assert (statement.name, statement.received_at) == ("report.csv", AT)
    assert lying(box) == ["received/report.csv"]
    assert pick_up(at=AT) == 0


def test_the_folder_says_whose_it_is(box: Path, tmp_path: Path) -> None:
    for psp, mode in (("bank", "test"), ("adyen", "live"), ("nobody", "test"), ("stripe", "other")):
        folder = tmp_path / psp / mode
        folder.mkdir(parents=True)
        (folder / "a.csv").write_bytes(b"x")

    assert pick_up(at=AT) == 2
    assert {*Statement.objects.values_list("psp", "livemode")} == {("bank", False), ("adyen", True)}


def test_a_file_that_still_changes_waits(box: Path, settings: Any) -> None:
    settings.RECONCILIATION_FOLDER_STILL = 0.5
    (box / "report.csv").write_bytes(b"a,b\n")
    os.utime(box / "report.csv", (0, 0))  # It says that it is old; but it was made just now.

    assert pick_up(at=AT) == 0
    time.sleep(0.6)
    assert pick_up(at=AT) == 1


def test_the_same_bytes_under_another_name_are_moved_and_are_nothing_new(box: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (box / name).write_bytes(b"a,b\n")
    assert pick_up(at=AT) == 1
    assert lying(box) == ["received/a.csv", "received/b.csv"]


def test_a_name_that_came_before_is_not_written_over(box: Path) -> None:
    for content in (b"one", b"two", b"three"):
        (box / "a.csv").write_bytes(content)
        assert pick_up(at=AT) == 1
    assert lying(box) == ["received/a-2.csv", "received/a-3.csv", "received/a.csv"]
    assert (box / "received" / "a.csv").read_bytes() == b"one"


def test_a_killed_worker_leaves_a_file_that_is_taken_again_and_changes_nothing(box: Path) -> None:
    (box / "a.csv").write_bytes(b"one")
    assert pick_up(at=AT) == 1
    (box / "received" / "a.csv").rename(box / "a.csv")  # As if it had never been moved.

    assert pick_up(at=AT) == 0
    assert lying(box) == ["received/a.csv"]
    assert Statement.objects.count() == 1


def test_links_hidden_files_and_folders_are_left_alone(box: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("a secret")
    (box / "link.csv").symlink_to(tmp_path / "secret")
    (box / ".half").write_text("a")
    (box / "folder").mkdir()
    os.mkfifo(box / "pipe.csv")

    assert pick_up(at=AT) == 0
    assert not Statement.objects.exists()
    assert lying(box) == [".half", "link.csv", "pipe.csv"]


def test_what_is_too_large_is_put_aside_with_the_reason(box: Path, settings: Any) -> None:
    settings.STATEMENT_MOST = 3
    (box / "a.csv").write_bytes(b"four")
    (box / "b.csv").write_bytes(b"two")

    assert pick_up(at=AT) == 1
    assert lying(box) == ["received/b.csv", "refused/a.csv", "refused/a.csv.why.txt"]
    assert (box / "refused" / "a.csv.why.txt").read_text() == "a file has at most 3 bytes\n"


def test_nothing_is_written_or_moved_through_a_link(
    box: Path, tmp_path: Path, settings: Any
) -> None:
    settings.STATEMENT_MOST = 3
    victim, elsewhere = tmp_path / "victim", tmp_path / "elsewhere"
    victim.write_text("ours")
    elsewhere.mkdir()
    (box / "refused").mkdir()
    (box / "refused" / "a.csv.why.txt").symlink_to(victim)
    (box / "received").symlink_to(elsewhere)
    (box / "a.csv").write_bytes(b"four")
    (box / "b.csv").write_bytes(b"two")

    assert pick_up(at=AT) == 0
    assert victim.read_text() == "ours"
    assert not [*elsewhere.iterdir()]


def test_without_a_folder_there_is_nothing_to_do(settings: Any, tmp_path: Path, db: None) -> None:
    settings.RECONCILIATION_FOLDER = ""
    assert pick_up(at=AT) == 0
    settings.RECONCILIATION_FOLDER = str(tmp_path / "nowhere")
    assert pick_up(at=AT) == 0
