"""Documents that stand for a request: kept outside the database, known by their bytes, named by what they are."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

from django.core.exceptions import SuspiciousOperation
from django.core.files.storage import storages
from django.core.files.uploadedfile import UploadedFile
from django.utils.text import get_valid_filename

from kernel.ids import uuid7
from paygate.approvals.models import Document

LARGEST = 10_000_000  # Bytes.
LONGEST_NAME = 80  # Letters, without the ending.

#: How a file of each type begins, and what its name ends in once it is here.
TYPES = {
    "application/pdf": (b"%PDF-", ".pdf"),
    "image/jpeg": (b"\xff\xd8\xff", ".jpg"),
    "image/png": (b"\x89PNG\r\n\x1a\n", ".png"),
}


class UnfitDocument(ValueError):
    """It cannot stand for anything: empty, too large, or none of the types."""


def read(file: UploadedFile[Any], *, merchant_id: UUID, by: str, at: datetime) -> Document:
    """What the file is; nothing is kept yet. Raises UnfitDocument."""
    size = file.size or 0
    if not size:
        raise UnfitDocument("The document is empty.")
    if size > LARGEST:
        raise UnfitDocument(f"A document has at most {LARGEST // 1_000_000} MB.")
    digest, head = sha256(), b""
    for chunk in file.chunks():
        head = head or bytes(chunk[:16])
        digest.update(chunk)
    is_one = [media_type for media_type, (begins, _) in TYPES.items() if head.startswith(begins)]
    if not is_one:
        raise UnfitDocument("A document is a PDF, a JPEG or a PNG; this is none of them.")
    (media_type,) = is_one
    return Document(
        id=uuid7(),
        merchant_id=merchant_id,
        file_name=_named(file.name or "", TYPES[media_type][1]),
        media_type=media_type,
        size=size,
        sha256=digest.hexdigest(),
        stored_as=f"{secrets.token_hex(1)}/{secrets.token_hex(16)}",
        given_by=by,
        given_at=at,
    )


@contextmanager
def stored(document: Document, file: UploadedFile[Any]) -> Iterator[None]:
    """The file is there before a row names it, and gone again when none does."""
    storage = storages["evidence"]
    file.seek(0)
    document.stored_as = storage.save(document.stored_as, file)
    try:
        yield
    except BaseException:
        storage.delete(document.stored_as)
        raise


def _named(name: str, ending: str) -> str:
    """Harmless letters of what the person calls it, and the ending of what it is."""
    try:
        stem = get_valid_filename(PurePosixPath(name).stem)
    except SuspiciousOperation:
        stem = ""
    return f"{stem.strip('._-')[:LONGEST_NAME] or 'document'}{ending}"
