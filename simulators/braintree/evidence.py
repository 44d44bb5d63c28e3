"""What a merchant may answer a dispute with: texts and documents, each under a category or none.

Source: developer.paypal.com/braintree/docs/reference/request, "Dispute: Add Text Evidence", "Add File
Evidence" and "Document Upload: Create".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from simulators.braintree.errors import Invalid, NotFound
from simulators.braintree.xml import Tree

LARGEST = 4 << 20
TYPES = frozenset(("application/pdf", "image/jpeg", "image/png"))
_FOR_TEXTS = (
    "CARRIER_NAME CREDIT_ISSUED_AMOUNT CREDIT_ISSUED_ARN CREDIT_ISSUED_DATE_TIME DEVICE_ID DEVICE_NAME"
    " DOWNLOAD_DATE_TIME EVIDENCE_TYPE GEOGRAPHICAL_LOCATION PRIOR_DIGITAL_GOODS_TRANSACTION_ARN"
    " PRIOR_DIGITAL_GOODS_TRANSACTION_DATE_TIME PRIOR_DIGITAL_GOODS_TRANSACTION_ID"
    " PRIOR_NON_DISPUTED_TRANSACTION_ARN PRIOR_NON_DISPUTED_TRANSACTION_DATE_TIME"
    " PRIOR_NON_DISPUTED_TRANSACTION_EMAIL_ADDRESS PRIOR_NON_DISPUTED_TRANSACTION_ID"
    " PRIOR_NON_DISPUTED_TRANSACTION_IP_ADDRESS PRIOR_NON_DISPUTED_TRANSACTION_PHONE_NUMBER"
    " PRIOR_NON_DISPUTED_TRANSACTION_PHYSICAL_ADDRESS PURCHASER_EMAIL_ADDRESS PURCHASER_IP_ADDRESS"
    " PURCHASER_NAME RECURRING_TRANSACTION_ARN RECURRING_TRANSACTION_DATE_TIME"
    " RECURRING_TRANSACTION_ID REFUND_ID TRACKING_NUMBER TRACKING_URL"
)
_FOR_DOCUMENTS = (
    "LEGIT_PAYMENTS_FOR_SAME_MERCHANDISE MERCHANT_WEBSITE_OR_APP_ACCESS PROFILE_SETUP_OR_APP_ACCESS"
    " PROOF_OF_3D_SECURE PROOF_OF_AUTHORIZED_SIGNER PROOF_OF_DELIVERY PROOF_OF_DELIVERY_EMP_ADDRESS"
    " PROOF_OF_POSSESSION_OR_USAGE SIGNED_DELIVERY_FORM SIGNED_ORDER_FORM TICKET_PROOF"
)
FOR_TEXTS = frozenset(_FOR_TEXTS.split())
FOR_DOCUMENTS = frozenset(_FOR_DOCUMENTS.split())


@dataclass(frozen=True, slots=True)
class Evidence:
    """A text or a document, attached to a dispute."""

    id: str
    created_at: datetime
    category: str = ""
    comments: str = ""
    url: str = ""
    sequence_number: int | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was uploaded; of its content only the size matters."""

    id: str
    name: str
    content_type: str
    size: int


class Documents:
    """What the merchant has uploaded, whether or not it belongs to a dispute yet."""

    def __init__(self, new_id: Callable[[], str]) -> None:
        self._new_id = new_id
        self._all: dict[str, Document] = {}

    def find(self, id_: str) -> Document:
        """Raises NotFound."""
        try:
            return self._all[id_]
        except KeyError:
            raise NotFound(id_) from None

    def upload(self, parts: dict[str, Part]) -> Document:
        """Raises Invalid."""
        kind, file = parts.get("document_upload[kind]"), parts.get("file")
        if kind is None or kind.content != b"evidence_document":
            raise _refused("84901", "Kind is invalid.", "kind")
        if file is None or file.content_type not in TYPES:
            raise _refused("84903", "File type is invalid.", "file")
        if not file.content:
            raise _refused("84906", "File is empty.", "file")
        if len(file.content) > LARGEST:
            raise _refused("84902", "File is too large.", "file")
        made = Document(self._new_id(), file.filename, file.content_type, len(file.content))
        self._all[made.id] = made
        return made


def of_text(id_: str, at: datetime, asked: Tree) -> Evidence:
    """Raises Invalid."""
    category = _category(asked, other=FOR_DOCUMENTS, code="95712", message="a document")
    number = asked.get("sequence_number")
    return Evidence(id_, at, category, asked["comments"], sequence_number=number or None)


def of_document(id_: str, at: datetime, asked: Tree, document: Document) -> Evidence:
    """Raises Invalid."""
    category = _category(asked, other=FOR_TEXTS, code="95711", message="a text")
    url = f"https://evidence.example/{document.id}/{document.name}"
    return Evidence(id_, at, category, url=url)


def _category(asked: Tree, *, other: frozenset[str], code: str, message: str) -> str:
    category: str = asked.get("category", "")
    if category in other:
        raise Invalid(code, f"This category needs {message}.", "category", on="dispute")
    if category and category != "GENERAL" and category not in FOR_TEXTS | FOR_DOCUMENTS:
        raise Invalid("95706", "Category is invalid.", "category", on="dispute")
    return category


def _refused(code: str, message: str, attribute: str) -> Invalid:
    return Invalid(code, message, attribute, on="document-upload")


# --------------------------------------------------------------------------------------- multipart


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a multipart body."""

    content: bytes
    filename: str = ""
    content_type: str = ""


_BOUNDARY = re.compile(r'boundary="?([^";]+)')
_NAME = re.compile(r'\bname="([^"]*)"')
_FILENAME = re.compile(r'\bfilename="([^"]*)"')
_TYPE = re.compile(r"(?im)^content-type:\s*(\S+)")


def parts(content_type: str, body: bytes) -> dict[str, Part]:
    """The fields of a multipart/form-data body by name. Raises ValueError."""
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        raise ValueError("the multipart body has no boundary")
    found = {}
    for piece in body.split(b"--" + boundary[1].encode())[1:-1]:
        head, blank, content = piece.partition(b"\r\n\r\n")
        said = head.decode()
        name = _NAME.search(said)
        if not blank or name is None:
            raise ValueError("a part of the multipart body has no name")
        filename, kind = _FILENAME.search(said), _TYPE.search(said)
        found[name[1]] = Part(
            content.removesuffix(b"\r\n"), filename[1] if filename else "", kind[1] if kind else ""
        )
    return found
