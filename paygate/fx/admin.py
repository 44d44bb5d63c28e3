"""Currencies in the back office: rates with those that wait for a person, feeds, quotes, and our position."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from unfold.decorators import action

from kernel.audit.record import audited
from kernel.back_office import FoundById, ModelAdmin, ReadOnly, ReasonForm, asks
from kernel.clock import now
from kernel.ids import encode
from merchants.whose import NamesMerchants
from paygate.fx.exchange import written
from paygate.fx.fetch import decide
from paygate.fx.models import Feed, Quote, Rate
from paygate.fx.position import positions, total
from paygate.staff.step_up import step_up


@admin.register(Rate)
class RateAdmin(ReadOnly, ModelAdmin):
    list_display = ("__str__", "state", "before", "provider", "fetched_at", "decided_by")
    list_filter = ("state", "quote", "provider")
    search_fields = ("quote",)
    ordering = ("-as_of", "quote")
    show_full_result_count = False
    fields = readonly_fields = (
        *("provider", "base", "quote", "rate_", "as_of", "fetched_at", "state", "before"),
        *("decided_by", "reason", "decided_at"),
    )
    actions_detail = ("believe", "refuse")
    actions_list = ("position",)

    @admin.display(description="rate")
    def rate_(self, rate: Rate) -> str:
        return written(rate.rate)

    @admin.display(description="the one before")
    def before(self, rate: Rate) -> str:
        return written(rate.against) if rate.against is not None else ""

    def has_decide_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """May this person decide, and is there something to decide about?"""
        if not request.user.has_perm("fx.change_rate"):
            return False
        waiting = Rate.objects.filter(state=Rate.State.QUARANTINED)
        try:
            return (waiting.filter(id=object_id) if object_id else waiting).exists()
        except ValidationError:  # An address that somebody typed.
            return False

    def has_look_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(self.has_view_permission(request))

    @action(  # type: ignore[untyped-decorator]
        description="Believe it",
        url_path="believe",
        permissions=["decide"],
        dialog=asks("Believe it", "We convert by it from now on. Where did you look it up?"),
    )
    def believe(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        return self._decide(request, form, object_id, accept=True)

    @action(  # type: ignore[untyped-decorator]
        description="Refuse it",
        url_path="refuse",
        permissions=["decide"],
        dialog=asks("Refuse it", "We never convert by it. What is wrong with it?"),
    )
    def refuse(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        return self._decide(request, form, object_id, accept=False)

    def _decide(
        self, request: HttpRequest, form: ReasonForm, object_id: str, *, accept: bool
    ) -> HttpResponse:
        if answer := step_up(request):
            return answer
        rate = Rate.objects.get(id=object_id)
        why = form.cleaned_data["reason"]
        by = request.user.get_username()
        act = "rate.believe" if accept else "rate.refuse"
        with audited(request, act, rate, because=why) as deed:
            decided = decide(rate, accept=accept, by=by, reason=why, now=now())
            deed.details["decided"] = decided
        if decided:
            messages.success(request, f"{rate}: {'accepted' if accept else 'refused'}.")
        else:
            messages.error(request, f"{rate} was decided about already.")
        return redirect("admin:fx_rate_change", object_id)

    @action(description="Our position", url_path="position", permissions=["look"])  # type: ignore[untyped-decorator]
    def position(self, request: HttpRequest) -> HttpResponse:
        """What we hold and owe in each currency, at the last rates."""
        modes = []
        for livemode in (True, False):
            found = positions(livemode=livemode)
            modes.append(("live" if livemode else "test", found, total(found)))
        context = {
            **self.admin_site.each_context(request),
            "title": "Our position in each currency",
            "modes": modes,
            "reporting": settings.FX_REPORTING_CURRENCY,
        }
        return TemplateResponse(request, "fx/position.html", context)


@admin.register(Feed)
class FeedAdmin(ReadOnly, ModelAdmin):
    list_display = fields = readonly_fields = ("provider", "asked_at", "heard_at", "problem")


@admin.register(Quote)
class QuoteAdmin(NamesMerchants, FoundById, ReadOnly, ModelAdmin):
    list_display = (
        "public_id",
        "whose",
        "from_currency",
        "to_currency",
        "rate_",
        "bound",
        "status",
    )
    list_filter = ("livemode", "from_currency", "to_currency")
    ids = {"fxq": "id", "pay": "payment_id", "mer": "merchant_id"}
    search_fields = ("from_currency",)
    search_help_text = "fxq_…, pay_… or mer_…"
    ordering = ("-id",)
    show_full_result_count = False
    fields = readonly_fields = (
        *("public_id", "whose", "livemode", "from_currency", "to_currency", "rate_", "market_"),
        *("bound", "status", "payment", "created_at", "expires_at"),
    )

    @admin.display(description="rate")
    def rate_(self, quote: Quote) -> str:
        return written(quote.rate)

    @admin.display(description="market")
    def market_(self, quote: Quote) -> str:
        return written(quote.market)

    @admin.display(description="status")
    def status(self, quote: Quote) -> str:
        return quote.status(at=now())

    @admin.display(description="payment")
    def payment(self, quote: Quote) -> str:
        return encode("pay", quote.payment_id) if quote.payment_id else ""
