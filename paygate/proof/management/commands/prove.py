"""`manage.py prove`: N payments, M minor units, 0 discrepancies; exit code 1 and the counter-example when not."""

from __future__ import annotations

from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandParser

from paygate.proof.prove import prove
from paygate.proof.runs import keep


class Command(BaseCommand):
    help = "Recompute from first principles that the money is right; exit code 1 when it is not."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the result as JSON")
        parser.add_argument(
            "--forget",
            action="store_true",
            help="do not keep the run, as where nothing can be written",
        )

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
            self.stdout.write(f"\n{proof.summary}")
        if not options["forget"]:
            keep(proof, by="manage.py prove")
        if not proof.holds:
            raise SystemExit(1)
