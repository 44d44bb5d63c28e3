"""What the back office's templates ask of this room."""

from __future__ import annotations

from typing import Any

from django import template

from paygate.console.crumbs import Crumb, crumbs

register = template.Library()


@register.simple_tag(takes_context=True)
def where(context: Any) -> list[Crumb]:
    """The crumbs of the page that is being made."""
    return crumbs(context.flatten(), context["request"].path)
