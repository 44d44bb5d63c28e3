"""The results as tables for people; the data are the results themselves."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.cpu import PLATFORM


def show(results: Mapping[str, Any], console: Console) -> None:
    """Print whatever was measured."""
    machine, database = results["machine"], results["database"]
    console.print(
        f"{machine['cores']} cores, {machine['processor']}; Python {machine['python']}, "
        f"PostgreSQL {database['postgres']}, fsync {database['fsync']}, "
        f"synchronous_commit {database['synchronous_commit']}; commit {machine['commit']}\n"
        f"load average {machine['load_average']:.1f} before and {results['after']['load_average']:.1f} after, "
        f"yardstick {machine['yardstick_ms']:.0f} ms and {results['after']['yardstick_ms']:.0f} ms\n"
    )
    if whole := results.get("whole-path"):
        console.print(alone(whole), rates(whole), costs(whole))
        shares = ", ".join(f"{table} {share:.0%}" for table, share in whole["hot_share"].items())
        console.print(f"updates that touched no index (HOT): {shares}\n")
    if returned := results.get("refunds"):
        console.print(refund_rates(returned), refund_costs(returned))
        idle = returned["idle_cpu_ms_per_second"]
        console.print(f"with nothing to do the platform takes {idle:.0f} ms of CPU a second\n")
    if rows := results.get("inbound"):
        console.print(inbound(rows), inbound_costs(rows))
    if delivered := results.get("deliveries"):
        console.print(deliveries(delivered))
        console.print(
            f"beside an endpoint that never answers, a merchant's deliveries keep {delivered['kept']:.0%} "
            "of their rate\n"
        )
    if rows := results.get("bound"):
        console.print(bound(rows))
    if books := results.get("books"):
        console.print(posting(books))
        asked = books["balance"]
        console.print(
            f"a balance over {asked['entries']:,} entries: {asked['summed_ms']:.2f} ms summed, "
            f"{asked['checkpoint_ms']:.2f} ms from a checkpoint "
            f"({asked['summed_ms'] / asked['checkpoint_ms']:.0f} times)\n"
        )
    if out := results.get("money-out"):
        memory = out["megabytes"]
        console.print(
            money_out(out),
            f"Python's memory: {memory['before']:.0f} MB before, {memory['peak']:.0f} MB at most\n",
        )
    if found := results.get("finding"):
        console.print(finding(found))
    if rows := results.get("reconciliation"):
        console.print(reconciliation(rows))
        for row in rows:
            console.print(f"{row['lines']:,} lines: where the time of applying went")
            for one in row["statements"]:
                console.print(f"  {one['seconds']:8.2f} s  {one['sql']}", markup=False)
        console.print(", ".join(f"{k} {v}" for k, v in rows[0]["settings"].items()), "\n")


def alone(whole: Mapping[str, Any]) -> Table:
    table = _table("A PSP's call by itself, official SDK", "PSP", "p50 ms", "p99 ms", "SDK CPU ms")
    for psp, call in whole["alone"].items():
        table.add_row(psp, *_numbers(call["p50_ms"], call["p99_ms"], call["sdk_cpu_ms"], digits=2))
    return table


def rates(whole: Mapping[str, Any]) -> Table:
    """Added latency is the median less that of the PSP's call by itself."""
    table = _table(
        "The whole path: rate and latency",
        *("PSPs", "clients", "payments/s measured", "payments/s, cores to itself"),
        *("p50 ms", "p99 ms", "p50 added", "not 201"),
    )
    calls = whole["alone"]
    for row in whole["measured"]:
        psps = [row["mix"]] if row["mix"] in calls else list(calls)
        call = sum(calls[psp]["p50_ms"] for psp in psps) / len(psps)
        table.add_row(
            row["mix"],
            str(row["clients"]),
            *_numbers(row["payments_per_second"], row["platform_payments_per_second"], digits=0),
            *_numbers(row["p50_ms"], row["p99_ms"], row["p50_ms"] - call, digits=1),
            str(sum(row["other_statuses"].values())),
        )
    return table


def costs(whole: Mapping[str, Any]) -> Table:
    table = _table(
        "The whole path: CPU ms per payment",
        *("PSPs", "clients", *PLATFORM, "platform", "simulators", "client", "WAL bytes", "commits"),
    )
    for row in whole["measured"]:
        table.add_row(
            row["mix"],
            str(row["clients"]),
            *_spent(row),
        )
    return table


def refund_rates(returned: Mapping[str, Any]) -> Table:
    """The last column is the ratio of all that the platform spends on the one and on the other."""
    table = _table(
        f"Refunds, each payment in {returned['parts']} parts: rate and latency",
        *("PSP", "clients", "refunds/s measured", "refunds/s, cores to itself", "p50 ms", "p99 ms"),
        *("201", "202", "others", "undecided", "payments/s", "CPU of a payment's"),
    )
    for row in returned["measured"]:
        statuses = dict(row["statuses"])
        done = [statuses.pop(status, 0) for status in ("201", "202")]
        table.add_row(
            *(row["psp"], str(row["clients"])),
            *_numbers(row["refunds_per_second"], row["platform_refunds_per_second"], digits=0),
            *_numbers(row["p50_ms"], row["p99_ms"], digits=1),
            *map(str, (*done, sum(statuses.values()), row["undecided"])),
            *_numbers(row["payments_per_second"], digits=0),
            f"{row['cpu_of_a_payment']:.0%}",
        )
    return table


def refund_costs(returned: Mapping[str, Any]) -> Table:
    table = _table(
        "Refunds: CPU ms per refund, and in all per payment of the same run",
        *("PSP", "clients", *PLATFORM, "platform", "simulators", "client", "WAL bytes", "commits"),
        "payment",
    )
    for row in returned["measured"]:
        table.add_row(
            *(row["psp"], str(row["clients"]), *_spent(row)),
            *_numbers(row["payment_platform_cpu_ms"]),
        )
    return table


def inbound(rows: list[dict[str, Any]]) -> Table:
    """The backlog is what was accepted and not applied yet when the last delivery was answered."""
    table = _table(
        "Webhooks from Stripe: rate and latency",
        *("told again", "clients", "accepted/s measured", "accepted/s, cores to itself"),
        *("p50 ms", "p99 ms", "not 200", "backlog", "applied", "applied/s"),
    )
    for row in rows:
        table.add_row(
            *(f"{row['again']:.0%}", str(row["clients"])),
            *_numbers(row["accepted_per_second"], row["platform_accepted_per_second"], digits=0),
            *_numbers(row["p50_ms"], row["p99_ms"], digits=1),
            str(sum(row["other_statuses"].values())),
            *_numbers(row["backlog"], row["applied"], row["applied_per_second"], digits=0),
        )
    return table


def inbound_costs(rows: list[dict[str, Any]]) -> Table:
    """What the web server takes is for accepting, what workers take for applying."""
    table = _table(
        "Webhooks from Stripe: CPU ms for each that was accepted",
        *("told again", "clients", *PLATFORM, "platform", "simulators", "client"),
        *("WAL bytes", "commits"),
    )
    for row in rows:
        table.add_row(f"{row['again']:.0%}", str(row["clients"]), *_spent(row))
    return table


def deliveries(delivered: Mapping[str, Any]) -> Table:
    """The first one waits until somebody looks; the rate is of those after it."""
    table = _table(
        "Webhooks to merchants: deliveries, and CPU ms for each",
        *("endpoints", "deliveries", "deliveries/s", "first after ms", "hanging"),
        *("notices", "postgres", "platform", "endpoints'", "WAL bytes", "commits"),
    )
    for row in delivered["measured"]:
        table.add_row(
            *(row["case"], str(row["deliveries"])),
            *_numbers(row["deliveries_per_second"], row["first_ms"], row["hanging"], digits=0),
            *_numbers(row["cpu_ms"]["notices"], row["cpu_ms"]["postgres"], row["platform_cpu_ms"]),
            *_numbers(row["cpu_ms"]["endpoints"]),
            *_numbers(row["wal_bytes"], digits=0),
            *_numbers(row["commits"]),
        )
    return table


def bound(rows: list[dict[str, Any]]) -> Table:
    table = _table(
        "The bound: the same SQL by pgbench",
        *(
            "payments a commit",
            "clients",
            "payments/s",
            "PostgreSQL CPU ms",
            "WAL bytes",
            "commits",
        ),
    )
    for row in rows:
        table.add_row(
            *(str(row["group"]), str(row["clients"])),
            *_numbers(row["payments_per_second"], digits=0),
            *_numbers(row["postgres_cpu_ms"]),
            *_numbers(row["wal_bytes"], digits=0),
            *_numbers(row["commits"]),
        )
    return table


def posting(books: Mapping[str, Any]) -> Table:
    table = _table(
        "The books: transactions of three entries",
        *("way", "books", "connections", "transactions/s", "PostgreSQL CPU ms", "Python CPU ms"),
    )
    for row in books["posting"]:
        table.add_row(
            *(row["way"], row["books"], str(row["connections"])),
            *_numbers(row["transactions_per_second"], digits=0),
            *_numbers(row["postgres_cpu_ms"], row["python_cpu_ms"]),
        )
    return table


def money_out(out: Mapping[str, Any]) -> Table:
    """Bare SQL writes the same rows but for the events. "One by one" is scaled from some merchants to all."""
    table = _table(
        f"Money out for {out['merchants']:,} merchants, in seconds",
        *("step", "count", "seconds", "Python CPU", "PostgreSQL CPU", "bare SQL", "times"),
        *("bare CPU", "times", "one by one", "times"),
    )
    alone = {row["what"]: row for row in out["alone"]}
    for row in out["steps"]:
        one_by_one = []
        if single := alone.get(row["what"]):
            scaled = single["seconds"] / single["count"] * row["count"]
            one_by_one = _numbers(scaled, scaled / row["seconds"], digits=0)
        busy = row["python_seconds"] + row["postgres_seconds"]
        table.add_row(
            *(row["what"], f"{row['count']:,}"),
            *_numbers(row["seconds"], row["python_seconds"], row["postgres_seconds"], digits=1),
            *_numbers(row["bare_seconds"], row["seconds"] / row["bare_seconds"]),
            *_numbers(row["bare_postgres_seconds"], busy / row["bare_postgres_seconds"]),
            *one_by_one,
        )
    return table


def reconciliation(rows: list[dict[str, Any]]) -> Table:
    """The ratios are to a bare COPY of the same bytes; PostgreSQL's memory is the most of the backend at work."""
    table = _table(
        "A settlement file against as many payments",
        *("lines", "MB", "receive s", "apply s", "breaks", "PostgreSQL CPU s", "COPY s"),
        *("COPY CPU s", "receive, times", "apply, times", "CPU, times"),
        *("Python MB before", "at most", "PostgreSQL MB"),
    )
    for row in rows:
        memory, copied = row["megabytes"], row["copy_seconds"]
        busy = row["copy_postgres_cpu_seconds"]
        table.add_row(
            f"{row['lines']:,}",
            *_numbers(row["file_megabytes"], digits=0),
            *_numbers(row["receive_seconds"], row["apply_seconds"]),
            f"{row['breaks']:,}",
            *_numbers(row["postgres_cpu_seconds"], copied, busy),
            *_numbers(row["receive_seconds"] / copied, row["apply_seconds"] / copied, digits=1),
            *_numbers(row["postgres_cpu_seconds"] / busy, digits=1),
            *_numbers(memory["before"], memory["python"], memory["postgres"], digits=0),
        )
    return table


def finding(found: Mapping[str, Any]) -> Table:
    """Each question is asked of all finders, as a person with every right asks it; hits are capped."""
    table = _table(
        f"The back office's search among {found['payments']:,} payments",
        *("question", "median ms", "p95 ms", "most ms", "hits", "queries", "read as a whole"),
    )
    for row in found["questions"]:
        table.add_row(
            row["what"],
            *_numbers(row["median_ms"], row["p95_ms"], row["most_ms"], row["hits"], digits=1),
            str(row["queries"]),
            ", ".join(row["read_whole"]) or "nothing",
        )
    return table


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right")
    return table


def _spent(row: Mapping[str, Any]) -> list[str]:
    """CPU by part, then all that is not the platform's, then WAL and commits."""
    return [
        *_numbers(*(row["cpu_ms"][part] for part in PLATFORM), row["platform_cpu_ms"]),
        *_numbers(row["cpu_ms"]["simulators"], row["client_cpu_ms"]),
        *_numbers(row["wal_bytes"], digits=0),
        *_numbers(row["commits"]),
    ]


def _numbers(*values: float, digits: int = 2) -> list[str]:
    return [f"{value:,.{digits}f}" for value in values]
