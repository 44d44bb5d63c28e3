"""`manage.py deviations`: payments for which a PSP charged something else than its price list says."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from kernel.ids import encode
from kernel.money import Money
from paygate.costs.models import PaymentCost


class Command(BaseCommand):
    help = "List the payments whose cost at the PSP is not what its price list says."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--psp", default="", help="of this PSP alone")
        parser.add_argument(
            "--since",
            type=_day,
            default=None,
            metavar="2026-11-01",
            help="captured on this day (UTC) or later",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        found = PaymentCost.objects.filter(deviation__isnull=False).exclude(deviation=0)
        if options["psp"]:
            found = found.filter(psp=options["psp"])
        if options["since"]:
            found = found.filter(captured_at__gte=options["since"])
        sums: dict[tuple[str, str], list[int]] = {}
        for cost in found.order_by("payment_id").iterator():
            self.stdout.write(
                f"{cost.public_id} {encode('mer', cost.merchant_id)} {cost.psp}: {cost.shown('captured')} taken,"
                f" {cost.shown('expected')} expected, {cost.shown('actual')} charged"
            )
            sums.setdefault((cost.psp, cost.currency), []).append(cost.deviation)
        for (psp, currency), of in sorted(sums.items()):
            self.stdout.write(
                f"{psp}: {len(of)} payments, {Money(sum(of), currency)} more than expected in all"
            )
        if not sums:
            self.stdout.write("Every cost that is known is what was expected.")


def _day(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
