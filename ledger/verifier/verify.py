"""Verify an auditor's bundle of paygate's books: python3 verify.py [FOLDER or FILE.zip] [--expect FINGERPRINT]

Says OK and exits 0, or says what is wrong and exits 1. Needs Python 3.9 or newer and nothing else: no database, no
network, none of paygate's code. Recomputed are each file's hash, each transaction's balance in each currency, each
account's closing balance, each seal over its transactions and entries, and that seals go on from one another.
"""

import argparse
import csv
import hashlib
import io
import json
import sys
import zipfile
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

Row = dict[str, str]
SHOWN = 20  # Problems; more of them say nothing new.
FIRST = "0" * 64  # What stands for the hash before the first.


def sha256(file: Any) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as content:
        for piece in iter(lambda: content.read(1 << 20), b""):
            digest.update(piece)
    return digest.hexdigest()


def rows(file: Any) -> Iterator[Row]:
    with io.TextIOWrapper(file.open("rb"), "utf-8", newline="") as text:
        yield from csv.DictReader(text, strict=True)


def line(*fields: str) -> str:
    """Fields as they are hashed: joined by tabs, with what would part fields or lines written out."""
    for old, new in (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r")):
        fields = tuple(field.replace(old, new) for field in fields)
    return "\t".join(fields)


def files(root: Any, listed: dict[str, Any]) -> Iterator[str]:
    """Is every file the one that was exported, and is nothing missing or added?"""
    if (root / "manifest.sha256").read_text("utf-8") != sha256(root / "manifest.json") + "\n":
        yield "manifest.json: not the one that was exported"
    here = {file.name for file in root.iterdir()}
    for name in sorted(here ^ {*listed, "manifest.json", "manifest.sha256"}):
        yield f"{name}: {'missing' if name in listed else 'does not belong here'}"
    for name in sorted(here & {*listed}):
        if sha256(root / name) != listed[name]["sha256"]:
            yield f"{name}: not the one that was exported"


def chains(root: Any, manifest: dict[str, Any], books: dict[str, list[Row]]) -> Iterator[str]:
    """Does each seal say what its hash is of, and go on from the one before? Each is put into its book."""
    closings: dict[str, list[str]] = defaultdict(list)
    said = ("number", "after", "upto", "transactions", "entries", "sums", "content", "previous")
    for s in rows(root / "seals.csv"):
        name, book = f"seal {s['number']} of {s['merchant']}", books[s["merchant"]]
        text = line(
            "paygate seal 1", s["merchant"], manifest["mode"], *(s[field] for field in said)
        )
        if hashlib.sha256(text.encode()).hexdigest() != s["hash"]:
            yield f"{name}: its hash is not of what it says"
        if book and (s["previous"], int(s["number"])) != (
            book[-1]["hash"],
            int(book[-1]["number"]) + 1,
        ):
            yield f"{name}: does not go on from seal {book[-1]['number']}"
        if (s["number"] == "1") != (s["previous"] == FIRST):
            yield f"{name}: the first one, and no other, has none before it"
        book.append(s)
        closings[s["upto"]].append(s["hash"])
    before = None
    for r in rows(root / "rolls.csv") if "rolls.csv" in manifest["files"] else ():
        hashes = closings.pop(r["upto"], [])
        text = line(
            "paygate roll 1", manifest["mode"], r["after"], r["upto"], r["seals"], r["previous"]
        )
        if hashlib.sha256(text.encode() + bytes.fromhex("".join(hashes))).hexdigest() != r["hash"]:
            yield f"the roll up to {r['upto']} is not of the {len(hashes)} seals that are here"
        if before not in (None, (r["previous"], r["after"])):
            yield f"the roll up to {r['upto']} does not go on from the one before"
        before = (r["hash"], r["upto"])
    if closings and "rolls.csv" in manifest["files"]:
        yield f"seals on no roll: up to {', '.join(sorted(closings))}"


def books(root: Any, manifest: dict[str, Any]) -> Iterator[str]:
    """Every transaction against itself, its accounts and its seal; read side by side with its entries."""
    sealed: dict[str, list[Row]] = defaultdict(list)
    yield from chains(root, manifest, sealed)
    ends = {merchant: [s["upto"] for s in seals] for merchant, seals in sealed.items()}
    unseen = {
        (merchant, place) for merchant, seals in sealed.items() for place in range(len(seals))
    }
    moved: dict[Any, int] = defaultdict(int)
    entries = groupby(rows(root / "entries.csv"), lambda e: (e["merchant"], e["transaction"]))
    whose, of_it = next(entries, (None, iter(())))

    def place(t: Row) -> Any:
        at = bisect_right(ends.get(t["merchant"], []), t["posted_at"])
        known = (
            at < len(sealed[t["merchant"]]) and sealed[t["merchant"]][at]["after"] <= t["posted_at"]
        )
        return t["merchant"], at if known else None

    for (merchant, at), transactions in groupby(rows(root / "transactions.csv"), place):
        content, count, lines_in_all = hashlib.sha256(), 0, 0
        debits: dict[str, int] = defaultdict(int)
        for t in transactions:
            name, lines = f"transaction {t['id']} of {merchant}", list[Row]()
            off: dict[str, int] = defaultdict(int)
            leaf = [line(t["id"], merchant, manifest["mode"], *list(t.values())[2:])]
            if whose == (merchant, t["id"]):
                lines = list(of_it)
                whose, of_it = next(entries, (None, iter(())))
            for e in lines:
                signed = int(e["amount"]) * {"CREDIT": 1, "DEBIT": -1}[e["type"]]
                off[e["currency"]] += signed
                moved[merchant, e["account"], e["currency"]] += signed
                debits[e["currency"]] += max(-signed, 0)
                leaf.append(line(*list(e.values())[2:]))
            if not lines or any(off.values()):
                yield f"{name} {'does not balance' if lines else 'has no entries'}"
            if at is None and t["posted_at"] < manifest["sealed_upto"]:
                yield f"{name}: no seal knows of it"
            content.update(hashlib.sha256("\n".join(leaf).encode()).digest())
            count, lines_in_all = count + 1, lines_in_all + len(lines)
        if at is not None:
            unseen.discard((merchant, at))
            seal, sums = (
                sealed[merchant][at],
                " ".join(f"{c} {n}" for c, n in sorted(debits.items())),
            )
            found = {
                "transactions": str(count),
                "entries": str(lines_in_all),
                "sums": sums,
                "content": content.hexdigest(),
            }
            wrong = [
                f"{what} {seal[what]}, here {here}"
                for what, here in found.items()
                if here != seal[what]
            ]
            if wrong:
                yield f"seal {seal['number']} of {merchant}: {wrong[0]}"
    for merchant, at in sorted(unseen):
        yield f"seal {sealed[merchant][at]['number']} of {merchant}: its transactions are missing"
    if whose:
        yield f"entries of transaction {whose[1]} of {whose[0]}, which is not where it should be"
    openings: dict[Any, int] = defaultdict(int)
    for a in rows(root / "accounts.csv"):
        opening, closing = int(a["opening"]), int(a["closing"])
        openings[a["merchant"], a["currency"]] += opening
        if opening + moved.pop((a["merchant"], a["account"], a["currency"]), 0) != closing:
            yield f"{a['account']} {a['currency']} of {a['merchant']} does not close at {closing}"
    yield from (
        f"opening balances of {key} are off by {minor}" for key, minor in openings.items() if minor
    )
    yield from (f"no balances of account {key}" for key in moved)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Verify an auditor's bundle of paygate's books.")
    parser.add_argument("bundle", nargs="?", default=Path(__file__).parent, type=Path)
    parser.add_argument("--expect", help="the fingerprint that you were told by another way")
    options = parser.parse_args(arguments)
    problems: list[str] = []
    try:
        root: Any = zipfile.Path(options.bundle) if options.bundle.is_file() else options.bundle
        fingerprint = sha256(root / "manifest.json")
        if options.expect not in (None, fingerprint):
            problems.append(f"another bundle: its fingerprint is {fingerprint}")
        manifest = json.loads((root / "manifest.json").read_text("utf-8"))
        problems.extend(files(root, manifest["files"]))
        problems.extend(books(root, manifest))
    except Exception as error:  # Whatever a garbled file leads to.
        problems.append(f"cannot be read further: {type(error).__name__}: {error}")
    if problems:
        more = [f"and {len(problems) - SHOWN} more"] if len(problems) > SHOWN else []
        sys.stdout.write("\n".join(["NOT OK", *problems[:SHOWN], *more]) + "\n")
        return 1
    counts = ", ".join(f"{n} {what}" for what, n in manifest["counts"].items())
    unsealed = (
        ""
        if manifest["sealed"]
        else f" What was posted from {manifest['sealed_upto']} on is not sealed yet."
    )
    sys.stdout.write(
        f"OK: {counts}, {manifest['from']} to {manifest['to']}, fingerprint {fingerprint}.{unsealed}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
