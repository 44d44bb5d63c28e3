"""Documents that a merchant uploads as evidence. Source: docs.stripe.com/file-upload."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simulators.agenda import Agenda
from simulators.stripe.errors import InvalidRequest, missing, no_such

_LARGEST = 5_000_000  # Bytes of a document that is evidence.
_TYPES = {"pdf": b"%PDF", "jpg": b"\xff\xd8\xff", "png": b"\x89PNG"}
_NAME = re.compile(rb'\bname="([^"]*)"')
_FILENAME = re.compile(rb'\bfilename="?([^"\r\n]*)"?')  # The official SDK forgets the first quote.


@dataclass(slots=True)
class Part:
    """One part of a multipart form."""

    filename: str
    content: bytes


@dataclass(frozen=True, slots=True)
class File:
    """What was uploaded; of its content only the digest is kept."""

    id: str
    created: int
    filename: str
    type: str
    size: int
    digest: str


def parts(content_type: str, body: bytes) -> dict[str, Part]:
    """A multipart form by the names of its fields. Raises InvalidRequest."""
    _, _, boundary = content_type.partition("boundary=")
    if not boundary:
        raise InvalidRequest("The form has no boundary.")
    found = {}
    for piece in body.split(b"--" + boundary.strip('"').encode())[1:-1]:
        head, _, content = piece.partition(b"\r\n\r\n")
        if name := _NAME.search(head):
            filename = _FILENAME.search(head)
            said = filename[1].decode(errors="replace") if filename else ""
            found[name[1].decode()] = Part(said, content.removesuffix(b"\r\n"))
    return found


def fingerprint(form: dict[str, Part]) -> object:
    """The same for the same form, whatever boundary its client chose this time."""
    return {
        name: (part.filename, hashlib.sha256(part.content).digest()) for name, part in form.items()
    }


class Files:
    """The files of one account."""

    def __init__(self, agenda: Agenda, new_id: Callable[[], str]) -> None:
        self._agenda = agenda
        self._new_id = new_id
        self._files: dict[str, File] = {}

    def check(self, id_: str, *, param: str) -> None:
        """Raises InvalidRequest where there is no such file."""
        if id_ not in self._files:
            raise no_such("file upload", id_, param=param, status=400)

    @staticmethod
    def check_create(form: dict[str, Part]) -> None:
        """Raises InvalidRequest for what Stripe does not take as evidence."""
        for name in ("purpose", "file"):
            if name not in form:
                raise missing(name)
        if form["purpose"].content != b"dispute_evidence":
            raise InvalidRequest("Only dispute_evidence is simulated.", param="purpose")
        content = form["file"].content
        if len(content) > _LARGEST:
            raise InvalidRequest("The file is larger than 5 MB.", param="file")
        if not content.startswith(tuple(_TYPES.values())):
            raise InvalidRequest("The file is no PDF, JPEG or PNG.", param="file")

    def create(self, form: dict[str, Part]) -> File:
        content = form["file"].content
        file = File(
            id=f"file_{self._new_id()}",
            created=int(self._agenda.now()),
            filename=form["file"].filename,
            type=next(type_ for type_, magic in _TYPES.items() if content.startswith(magic)),
            size=len(content),
            digest=hashlib.sha256(content).hexdigest(),
        )
        self._files[file.id] = file
        return file


def file_shown(file: File) -> dict[str, Any]:
    """The object as the API returns it."""
    return {
        "id": file.id,
        "object": "file",
        "created": file.created,
        "expires_at": None,
        "filename": file.filename,
        "links": None,
        "purpose": "dispute_evidence",
        "size": file.size,
        "title": None,
        "type": file.type,
        "url": f"https://files.stripe.com/v1/files/{file.id}/contents",
    }
