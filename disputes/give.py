"""Give evidence: texts and files by kind, each replacing what was given of its kind, until it is submitted."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.core.files.storage import storages
from django.core.files.uploadedfile import UploadedFile

from disputes.change import Change, lock, until_written
from disputes.claim import refuse_unless_ours_to_answer
from disputes.files import LARGEST_IN_ALL, UnfitFile, check_name, check_size, media_type_of
from disputes.find import get
from disputes.models import Dispute, Evidence
from paygate.psp.registry import desk


@dataclass(frozen=True, slots=True)
class Given:
    """What is given, and of which kinds all is taken back; or the text alone, or the file."""

    texts: Mapping[str, str]
    files: Mapping[str, UploadedFile[Any]]
    taken_back: frozenset[str] = frozenset()
    texts_taken_back: frozenset[str] = frozenset()
    files_taken_back: frozenset[str] = frozenset()

    def takes_back(self, old: Evidence) -> bool:
        """Is it taken back, or replaced?"""
        given, back = (
            (self.files, self.files_taken_back)
            if old.is_file
            else (self.texts, self.texts_taken_back)
        )
        return old.kind in self.taken_back or old.kind in given or old.kind in back


class UnfitFiles(ValueError):
    """Files that may not be evidence, by kind."""

    def __init__(self, faults: Mapping[str, UnfitFile]) -> None:
        super().__init__("; ".join(f"{kind}: {fault.message}" for kind, fault in faults.items()))
        self.faults = faults


def give(
    merchant_id: UUID,
    dispute_id: UUID,
    given: Given,
    *,
    livemode: bool,
    now: datetime,
    seen: int | None = None,
) -> Change:
    """Keep the evidence; the dispute with it. `seen` is the dispute's sequence as whoever gives it saw it.

    Raises NoSuchDispute, UnableToAct when it is not the merchant's turn or has changed since it was seen, UnfitFiles
    (nothing is kept then), and PspNotConfigured.
    """
    dispute = get(merchant_id, dispute_id, livemode=livemode)
    _refuse_early(dispute, now, seen)
    new = [*_texts(dispute, given, now), *_files(dispute, given, now)]
    with _stored(new, given):
        return until_written(lambda: _keep(dispute, new, given, now, seen))


def _refuse_early(dispute: Dispute, now: datetime, seen: int | None) -> None:
    """Before megabytes are looked at; it is asked again under the lock."""
    refuse_unless_ours_to_answer(Change.of(dispute, at=now), seen=seen)


def _texts(dispute: Dispute, given: Given, now: datetime) -> Iterator[Evidence]:
    for kind, text in given.texts.items():
        yield Evidence(
            merchant_id=dispute.merchant_id, dispute=dispute, kind=kind, text=text, given_at=now
        )


def _files(dispute: Dispute, given: Given, now: datetime) -> list[Evidence]:
    """The description of each file. Raises UnfitFiles with what is wrong with each that is."""
    found: list[Evidence] = []
    faults: dict[str, UnfitFile] = {}
    for kind, file in given.files.items():
        try:
            found.append(_file(dispute, kind, file, now))
        except UnfitFile as unfit:
            faults[kind] = unfit
    if faults:
        raise UnfitFiles(faults)
    return found


def _file(dispute: Dispute, kind: str, file: UploadedFile[Any], now: datetime) -> Evidence:
    at_psp = desk(dispute.psp, livemode=dispute.livemode)
    name, size = file.name or "", file.size or 0
    check_name(name)
    check_size(size, largest=at_psp.evidence_largest)
    digest = sha256()
    head = b""
    for chunk in file.chunks():
        head = head or bytes(chunk[:16])
        digest.update(chunk)
    return Evidence(
        merchant_id=dispute.merchant_id,
        dispute=dispute,
        kind=kind,
        file_name=name,
        media_type=media_type_of(head, name, taken=at_psp.evidence_types),
        size=size,
        sha256=digest.hexdigest(),
        stored_as=f"{secrets.token_hex(1)}/{secrets.token_hex(16)}",
        given_at=now,
    )


@contextmanager
def _stored(new: list[Evidence], given: Given) -> Iterator[None]:
    """The files are there before a row names them; they are gone again when no row does."""
    storage = storages["evidence"]
    kept: list[str] = []
    try:
        for one in new:
            if one.is_file:
                one.stored_as = storage.save(one.stored_as, given.files[one.kind])
                kept.append(one.stored_as)
        yield
    except BaseException:
        for name in kept:
            storage.delete(name)
        raise


def _keep(
    dispute: Dispute, new: list[Evidence], given: Given, now: datetime, seen: int | None
) -> Change:
    change = Change.of(lock(dispute.merchant_id, dispute.id), at=now)
    refuse_unless_ours_to_answer(change, seen=seen)
    replaced = [old for old in change.parts.evidence if given.takes_back(old)]
    staying = [old for old in change.parts.evidence if old not in replaced]
    in_all = sum(one.size for one in [*staying, *new])
    if in_all > LARGEST_IN_ALL:
        unfit = UnfitFile(
            "files_too_large",
            f"The files of a dispute have at most {LARGEST_IN_ALL} bytes together, not {in_all}.",
        )
        raise UnfitFiles({one.kind: unfit for one in new if one.is_file})
    Evidence.objects.filter(
        merchant_id=dispute.merchant_id, id__in=[old.id for old in replaced]
    ).update(replaced_at=now)
    for one in new:
        one.save(force_insert=True)
    change.parts.evidence = [*staying, *new]
    if new or replaced:
        change.tell("dispute.updated")
    return change
