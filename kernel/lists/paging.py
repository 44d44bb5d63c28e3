"""A list is counted no further than people read: "1,000+", however many there are."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.utils.functional import cached_property

MOST = 1_000  # Rows that are counted, unless somebody has turned pages as far as that.
FURTHEST = 50_000  # Rows to which pages are turned: whoever wants older ones filters.


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts to MOST, or one page further than the one that is looked at."""

    template_name = "back_office/pagination.html"
    page_asked = 1

    @cached_property
    def _counted(self) -> tuple[int, bool]:
        """How many rows, and whether there are more."""
        reach = min(max(MOST, (self.page_asked + 1) * self.per_page), FURTHEST)
        reach -= reach % self.per_page
        rows: Any = self.object_list
        count = rows.order_by()[: reach + 1].count() if hasattr(rows, "order_by") else len(rows)
        return min(count, reach), count > reach

    @cached_property
    def count(self) -> int:
        return self._counted[0]

    @property
    def says(self) -> str:
        """For people: "1,000+"."""
        count, more = self._counted
        return f"{count:,}+" if more else f"{count:,}"
