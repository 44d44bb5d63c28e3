"""The form in which evidence is collected: a text and a file for each kind, what is saved, and what is offered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from rest_framework.exceptions import ValidationError
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldBooleanWidget

from disputes.back_office.history import KEYS_BEGIN
from disputes.back_office.words import KINDS
from disputes.find import Parts
from disputes.give import Given, UnfitFiles
from disputes.kinds import FILES, TEXTS
from disputes.models import Evidence
from disputes.shapes import EvidenceText
from kernel.card_numbers import contains_card_number
from kernel.ids import uuid7
from kernel.reasons import reason_field

CARD = "This looks like a card number. No card number may be given: leave it out."
LONG = frozenset(
    (
        *("explanation", "refund_policy", "cancellation_policy", "cancellation_rebuttal"),
        *("refund_refusal_explanation", "access_activity_log", "duplicate_charge_explanation"),
        "product_description",
    )
)


class Seen(forms.Form):
    """What every deed of the desk is asked by: why, and the dispute's sequence as it was seen."""

    seen = forms.IntegerField(
        min_value=1, max_value=2**31 - 1, widget=forms.HiddenInput, required=True
    )
    because = reason_field()


class ActForm(Seen):
    """Submitting or accepting, under a key of its own: a form that comes twice acts once."""

    key = forms.RegexField(rf"^{KEYS_BEGIN}[0-9a-f]{{32}}$", widget=forms.HiddenInput)

    @classmethod
    def fresh(cls, seen: int) -> ActForm:
        return cls(initial={"seen": seen, "key": f"{KEYS_BEGIN}{uuid7().hex}"})


@dataclass(frozen=True, slots=True)
class Place:
    """One kind of evidence in the form, as the page draws it."""

    kind: str
    title: str
    hint: str
    text: Any  # The bound field; None where the kind is a file only.
    file: Any
    take_back: Any  # None where there is no file.
    saved: Evidence | None  # The text.
    stored: Evidence | None  # The file.
    offer: str  # What is known and not saved; "" where it stands in the field already.
    offered: bool  # Does what is known stand in the field?
    differs: bool  # Was something else typed than what is saved?

    @property
    def faulty(self) -> bool:
        return any(one is not None and one.errors for one in (self.text, self.file))


class EvidenceForm(Seen):
    """Texts, files and which files are taken back, each by kind."""

    def __init__(
        self,
        *args: Any,
        parts: Parts,
        offers: Mapping[str, str],
        fill_in: bool,
        **kwargs: Any,
    ) -> None:
        """`fill_in`: what is offered stands in the fields, for there is nothing yet; else it is beside them."""
        self._texts = {one.kind: one for one in parts.evidence if not one.is_file}
        self._files = {one.kind: one for one in parts.evidence if one.is_file}
        self._offers, self._fill_in = offers, fill_in
        super().__init__(*args, **kwargs)
        for kind in TEXTS:
            saved = self._texts.get(kind)
            initial = saved.text if saved else (offers.get(kind, "") if fill_in else "")
            self.fields[f"text_{kind}"] = forms.CharField(
                label=KINDS[kind][0],
                required=False,
                strip=False,
                initial=initial,
                widget=UnfoldAdminTextareaWidget(
                    attrs={"rows": _rows(kind, initial), "data-offer": kind}
                ),
            )
        for kind in FILES:
            self.fields[f"file_{kind}"] = forms.FileField(
                label=f"{KINDS[kind][0]}, file", required=False, allow_empty_file=True
            )
            if kind in self._files:
                self.fields[f"back_{kind}"] = forms.BooleanField(
                    label="Take the file back", required=False, widget=UnfoldBooleanWidget
                )

    def first(self, wanted: Iterable[str]) -> tuple[str, ...]:
        """What is on top: what is wanted, and whatever there is or is offered, which must not be overlooked."""
        there = {*self._texts, *self._files, *self._offers}
        return tuple(dict.fromkeys((*wanted, *(kind for kind in KINDS if kind in there))))

    def places(self, kinds: Iterable[str]) -> Iterator[Place]:
        """These kinds of evidence, as the page draws them."""
        for kind in kinds:
            saved = self._texts.get(kind)
            offer = self._offers.get(kind, "")
            filled = bool(offer) and saved is None and self._fill_in and not self.is_bound
            yield Place(
                kind=kind,
                title=KINDS[kind][0],
                hint=KINDS[kind][1],
                text=self[f"text_{kind}"] if kind in TEXTS else None,
                file=self[f"file_{kind}"] if kind in FILES else None,
                take_back=self[f"back_{kind}"] if kind in self._files else None,
                saved=saved,
                stored=self._files.get(kind),
                offer="" if filled or (saved and saved.text == offer) else offer,
                offered=filled,
                differs=bool(
                    self.is_bound
                    and saved
                    and _plain(self.data.get(f"text_{kind}", "")) != _plain(saved.text)
                ),
            )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        for kind in TEXTS:
            text = _plain(given.get(f"text_{kind}") or "")
            given[f"text_{kind}"] = text
            if text:
                self._check(kind, text)
        for kind in FILES:
            file = given.get(f"file_{kind}")
            if file and contains_card_number(file.name):
                self.add_error(f"file_{kind}", CARD)
        return given

    def _check(self, kind: str, text: str) -> None:
        """By the rules of the API."""
        if contains_card_number(text):
            self.add_error(f"text_{kind}", CARD)
            return
        try:
            EvidenceText().run_validation(text)
        except ValidationError as error:
            faults = error.detail if isinstance(error.detail, list) else [error.detail]
            self.add_error(f"text_{kind}", [str(fault) for fault in faults])

    def given(self) -> Given | None:
        """What is other than what is saved; None where nothing is."""
        told = self.cleaned_data
        texts = {kind: told[f"text_{kind}"] for kind in TEXTS if told[f"text_{kind}"]}
        files: dict[str, UploadedFile[Any]] = {
            kind: told[f"file_{kind}"] for kind in FILES if told.get(f"file_{kind}")
        }
        new_texts = {
            kind: text
            for kind, text in texts.items()
            if kind not in self._texts or _plain(self._texts[kind].text) != text
        }
        new_files = {kind: file for kind, file in files.items() if not self._is_there(kind, file)}
        back_texts = frozenset(kind for kind in self._texts if kind in TEXTS and kind not in texts)
        back_files = frozenset(
            kind for kind in self._files if told.get(f"back_{kind}") and kind not in files
        )
        if not (new_texts or new_files or back_texts or back_files):
            return None
        return Given(
            texts=new_texts,
            files=new_files,
            texts_taken_back=back_texts,
            files_taken_back=back_files,
        )

    def refuse(self, unfit: UnfitFiles) -> None:
        """Say of each file what is wrong with it."""
        for kind, fault in unfit.faults.items():
            name = self.cleaned_data[f"file_{kind}"].name
            self.add_error(f"file_{kind}", f"{name}: {fault.message} Nothing was saved.")

    def _is_there(self, kind: str, file: UploadedFile[Any]) -> bool:
        """Is it the very file that is saved? A form that comes twice brings it again."""
        stored = self._files.get(kind)
        if stored is None or (stored.file_name, stored.size) != (file.name, file.size):
            return False
        digest = sha256()
        for chunk in file.chunks():
            digest.update(chunk)
        file.seek(0)
        return digest.hexdigest() == stored.sha256


def _plain(text: str) -> str:
    """Browsers end lines in two characters, and forms end texts in white space."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _rows(kind: str, text: str) -> int:
    least = 3 if kind in LONG else 1
    return min(12, max(least, text.count("\n") + 1, len(text) // 80 + 1))
