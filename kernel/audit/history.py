"""The history of a row in the back office: what the audit log has of it, in the place of what Django writes down."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from kernel.audit import show
from kernel.audit.models import Entry
from kernel.audit.record import name_of

MOST = 200  # Of the latest entries.


class ShowsHistory:
    """For pages. Whoever may look at the row may see who did what to it; the rest of an entry is the auditors'."""

    def history_view(
        self: Any, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        if not self.has_view_or_change_permission(request, row):
            raise PermissionDenied
        name = name_of(row)
        found = Entry.objects.filter(subject=name, kind=self.opts.model_name)
        entries = list(found.order_by("-position")[:MOST])
        ended = {entry.answers for entry in entries}
        return TemplateResponse(
            request,
            "back_office/history.html",
            {
                **self.admin_site.each_context(request),
                **(extra_context or {}),
                "opts": self.opts,
                "object": row,
                "title": f"History of {row}",
                "all": name if request.user.has_perm("kernel.view_entry") else "",
                "cut": len(entries) == MOST,
                "entries": {
                    "headers": ["When (UTC)", "Who", "What", "How it ended", "Why", "What changed"],
                    "rows": [
                        [
                            f"{entry.at:%Y-%m-%d %H:%M:%S}",
                            entry.by or "nobody",
                            show.act_in_words(entry.act),
                            show.outcome(entry),
                            entry.because,
                            show.changes_in_short(entry),
                        ]
                        for entry in entries
                        if entry.position not in ended
                    ],
                },
            },
        )
