"""`manage.py prove`: N payments, M minor units, 0 discrepancies; exit code 1 and the counter-example when not."""

from __future__ import annotations

from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandParser

from kernel.money import Money
from paygate.proof.prove import prove


class Command(BaseCommand):
    help = "Recompute from first principles that the money is right; exit code 1 when it is not."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        proof = prove()
        if options["json"]:
            self.stdout.write(orjson.dumps(proof.as_json(), option=orjson.OPT_INDENT_2).decode())
        else:
            for finding in proof.findings:
                mark = "ok  " if not finding.contradictions else "FAIL"
                self.stdout.write(f"{mark} {finding.says}")
                if finding.contradictions:
                    self.stdout.write(
                        f"     {finding.contradictions} × not so, first {finding.example}"
                    )
            sums = ", ".join(str(Money(minor, code)) for code, minor in proof.captured.items())
            self.stdout.write(
                f"\n{proof.payments} payments, {sums or 'nothing'} captured, {proof.unresolved} unresolved, "
                f"{sum(f.contradictions for f in proof.findings)} discrepancies, "
                f"checked at {proof.as_json()['at']} in {proof.seconds:.2f} s"
            )
        if not proof.holds:
            raise SystemExit(1)
