"""The auditor's bundle: whoever was given it finds out by themselves when one byte of it is not ours."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from kernel.ids import encode, uuid7
from ledger.bundle import InTheWay, NotSealed, export_bundle
from ledger.post import post
from ledger.transaction import credit, debit, transaction
from ledger.verifier import verify
from tests.ledger.conftest import NOON, commits, usd
from tests.ledger.test_seals import close

pytestmark = commits


def today():
    return datetime.now(UTC).date()


def bundle_of(into, **options):
    days = {"first": today() - timedelta(days=1), "last": today()}
    return export_bundle(into, **days | {"livemode": False, "unsealed": True} | options)


def problems(folder, capsys):
    """What verify.py says is wrong; the empty list when it says OK."""
    code = verify.main([str(folder)])
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("OK: ") if code == 0 else said[0] == "NOT OK" and len(said) > 1
    return said[1:]


@pytest.fixture
def books(merchant, captured):
    """Two merchants, two sealed ranges of the one, and text that wants quoting and escaping."""
    first = captured("att_1", 100_00)
    post(first, effective_at=NOON)
    post(captured("att_2", whose=uuid7()), effective_at=NOON)
    assert close() == 2
    memo = 'a "tab"\t, a back\\slash,\r\nanother line, \u00fcml\u00e4uts'
    odd = transaction(
        "correction",
        "fix,1",
        debit("suspense:reconciliation", usd(7)),
        credit("liabilities:unallocated", usd(7)),
        merchant=merchant,
        livemode=False,
        memo=memo,
    )
    post(odd, effective_at=NOON)
    post(first.reversal(source="fix_2"), effective_at=NOON)
    assert close() == 1
    return merchant


@pytest.fixture
def folder(books, tmp_path):
    bundle_of(tmp_path / "bundle")
    return tmp_path / "bundle"


def test_what_was_exported_verifies_by_itself(folder):
    """As the auditor would: the bundle's own program, by a Python that knows nothing of us."""
    done = subprocess.run(
        [sys.executable, "-I", "verify.py"], cwd=folder, capture_output=True, text=True
    )
    assert done.stdout.startswith("OK: 4 transactions, 11 entries, ")
    assert done.returncode == 0


def test_the_program_needs_nothing_but_python(folder):
    imported = {
        line.split()[1]
        for line in (folder / "verify.py").read_text().splitlines()
        if line.startswith(("import ", "from "))
    }
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names


def test_text_of_any_kind_comes_through(folder):
    with (folder / "transactions.csv").open(newline="") as file:
        memos = [row["memo"] for row in csv.DictReader(file)]
    assert 'a "tab"\t, a back\\slash,\r\nanother line, \u00fcml\u00e4uts' in memos


def test_the_same_period_gives_the_same_bytes(folder, tmp_path):
    for number in (1, 2):
        bundle_of(tmp_path / f"{number}.zip")
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "2.zip").read_bytes()


def test_a_zip_verifies_as_a_folder_does(books, tmp_path, capsys):
    exported = bundle_of(tmp_path / "bundle.zip")
    assert problems(tmp_path / "bundle.zip", capsys) == []
    assert verify.main([str(tmp_path / "bundle.zip"), "--expect", exported.fingerprint]) == 0
    assert verify.main([str(tmp_path / "bundle.zip"), "--expect", "0" * 64]) == 1


def test_one_flipped_byte_anywhere_is_found(folder, capsys):
    unseen = []
    for file in sorted(folder.iterdir()):
        content = file.read_bytes()
        step = max(len(content) // 25, 1)
        for place in {*range(0, len(content), step), len(content) - 1}:
            flipped = bytearray(content)
            flipped[place] ^= 1 << place % 8
            file.write_bytes(flipped)
            if not problems(folder, capsys):
                unseen.append((file.name, place))
        file.write_bytes(content)
    assert unseen == []
    assert problems(folder, capsys) == []


def test_one_missing_line_anywhere_is_found(folder, capsys):
    unseen = []
    for file in sorted(folder.iterdir()):
        content = file.read_bytes()
        lines = content.splitlines(keepends=True)
        for number in range(len(lines)):
            file.write_bytes(b"".join(lines[:number] + lines[number + 1 :]))
            if not problems(folder, capsys):
                unseen.append((file.name, number))
        file.write_bytes(content)
    assert unseen == []


def test_one_missing_or_added_file_is_found(folder, capsys, tmp_path):
    for file in sorted(folder.iterdir()):
        file.rename(tmp_path / "away")
        assert problems(folder, capsys), file.name
        (tmp_path / "away").rename(file)
    (folder / "more.csv").write_text("")
    assert problems(folder, capsys) == ["more.csv: does not belong here"]


# ------------------------------------------------------------------ a forger, who makes the hashes of files anew


def forge(folder, name, change):
    """Change a CSV file's rows, and have the manifest agree."""
    with (folder / name).open(newline="") as file:
        reader = csv.DictReader(file)
        rows = change(list(reader))
        columns = reader.fieldnames
    with (folder / name).open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    agree(folder)


def agree(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    for name, about in manifest["files"].items():
        about["sha256"] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    digest = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    (folder / "manifest.sha256").write_text(digest + "\n")


def test_a_bundle_forged_without_a_change_verifies(folder, capsys):
    forge(folder, "entries.csv", lambda rows: rows)
    assert problems(folder, capsys) == []


@pytest.mark.parametrize(
    "name", ["transactions.csv", "entries.csv", "accounts.csv", "seals.csv", "rolls.csv"]
)
def test_a_row_left_out_is_found_though_the_hashes_agree(folder, capsys, tmp_path, name):
    count = len(list(verify.rows(folder / name)))
    for place in range(count):
        copy = tmp_path / str(place)
        shutil.copytree(folder, copy)
        forge(copy, name, lambda rows, place=place: rows[:place] + rows[place + 1 :])
        # Of the rolls' chain the ends may be left out together with their seals; here the seals are still there.
        assert problems(copy, capsys), (name, place)


@pytest.mark.parametrize(
    "name, columns",
    [
        ("transactions.csv", "merchant id kind source reverses memo effective_at posted_at"),
        ("entries.csv", "merchant transaction line type account currency amount"),
        ("accounts.csv", "merchant account currency opening closing"),
        ("seals.csv", "merchant number after upto transactions entries sums content previous hash"),
        ("rolls.csv", "after upto seals previous hash"),
    ],
)
def test_a_field_changed_is_found_though_the_hashes_agree(folder, capsys, tmp_path, name, columns):
    for column in columns.split():

        def change(rows, column=column):
            rows[-1][column] = other(rows[-1][column])
            return rows

        copy = tmp_path / column
        shutil.copytree(folder, copy)
        forge(copy, name, change)
        assert problems(copy, capsys), column


def other(value):
    """A value of the same kind, and not the same."""
    if value in ("DEBIT", "CREDIT"):
        return {"DEBIT": "CREDIT", "CREDIT": "DEBIT"}[value]
    if value.lstrip("-").isdigit():
        return str(int(value) + 1)
    head, last = value[:-1], value[-1:]
    return head + {"Z": "1Z"}.get(last, "0" if last != "0" else "1")


def test_what_is_wrong_is_said(folder, capsys):
    def more(rows):
        for row in rows[:1]:
            row["amount"] = str(int(row["amount"]) + 1)
        return rows

    forge(folder, "entries.csv", more)

    said = "\n".join(problems(folder, capsys))
    assert "does not balance" in said
    assert "sums USD 10000, here USD 10001" in said
    assert "does not close at" in said


# ------------------------------------------------------------------------------------ what is exported


def test_one_merchants_book_alone(books, tmp_path, capsys):
    bundle_of(tmp_path / "one", merchant=books)
    assert problems(tmp_path / "one", capsys) == []
    assert not (tmp_path / "one" / "rolls.csv").exists()
    assert {row["merchant"] for row in verify.rows(tmp_path / "one" / "entries.csv")} == {
        str(books)
    }


def test_the_other_mode_has_its_own(books, tmp_path, capsys):
    assert bundle_of(tmp_path / "live", livemode=True).counts["transactions"] == 0
    assert problems(tmp_path / "live", capsys) == []


def test_what_was_before_the_period_is_in_the_opening_balances(books, tmp_path, capsys):
    tomorrow = today() + timedelta(days=1)
    bundle_of(tmp_path / "later", first=tomorrow, last=tomorrow)
    assert problems(tmp_path / "later", capsys) == []
    opening = {
        row["account"]: (row["opening"], row["closing"])
        for row in verify.rows(tmp_path / "later" / "accounts.csv")
        if row["merchant"] == str(books)
    }
    assert opening["liabilities:unallocated"] == ("7", "7")


def test_what_is_not_sealed_is_taken_only_where_that_is_asked_for(books, tmp_path, capsys):
    with pytest.raises(NotSealed):
        bundle_of(tmp_path / "sealed", unsealed=False)
    assert not (tmp_path / "sealed").exists()
    bundle_of(tmp_path / "unsealed")
    verify.main([str(tmp_path / "unsealed")])
    assert "is not sealed yet" in capsys.readouterr().out


def test_nothing_is_written_over(books, tmp_path):
    bundle_of(tmp_path / "a")
    bundle_of(tmp_path / "a.zip")
    for name in ("a", "a.zip"):
        with pytest.raises(InTheWay):
            bundle_of(tmp_path / name)


def test_the_command_says_the_fingerprint(books, tmp_path):
    out = StringIO()
    days = {"first": str(today()), "last": str(today())}
    into = tmp_path / "bundle.zip"
    call_command(
        "export_bundle",
        *(f"--from={days['first']}", f"--to={days['last']}", "--unsealed", str(into)),
        f"--merchant={encode('mer', books)}",
        stdout=out,
    )
    assert (
        hashlib.sha256((verify.zipfile.Path(into) / "manifest.json").read_bytes()).hexdigest()
        in out.getvalue()
    )
    for wrong in (["--merchant=pay_1"], ["--to=2020-01-01"], []):
        with pytest.raises(CommandError):
            call_command(
                "export_bundle",
                *(f"--from={days['first']}", f"--to={days['last']}", str(tmp_path / "b"), *wrong),
                stdout=out,
            )


def test_the_files_that_go_with_it_are_there():
    for name in ("README.txt", "verify.py"):
        assert (Path(verify.__file__).parent / name).exists()
