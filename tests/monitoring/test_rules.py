"""Alert rules and the dashboard name only what there is: metrics, labels, pages of the runbook.

Where `promtool` is on the PATH the rules are also parsed and tried by Prometheus's own program.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest
import yaml
from django.conf import settings
from prometheus_client import REGISTRY

from paygate.monitoring.page import ITS_OWN
from paygate.monitoring.read import readings

NAME = re.compile(r"\bpaygate_\w+")
MATCHED = re.compile(r"\b(paygate_\w+)\{([^}]*)\}")
MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)\s*[\"']")
ALWAYS = {"instance", "job", "le"}


def known():
    """Every metric of ours as Prometheus sees it, with its labels."""
    found = {name: set(reading.labels) for reading in readings() for name in reading.tells}
    found |= {name: set() for name in ITS_OWN} | {"paygate_reading_age_seconds": {"reading"}}
    for collector in list(REGISTRY._collector_to_names):
        for name in REGISTRY._collector_to_names[collector]:
            found[name] = set(getattr(collector, "_labelnames", ()))
    return found


@pytest.fixture(scope="module")
def rules():
    with open(settings.BASE_DIR / "monitoring/alerts.yml") as file:
        groups = yaml.safe_load(file)["groups"]
    return [rule for group in groups for rule in group["rules"]]


@pytest.fixture(scope="module")
def panels():
    with open(settings.BASE_DIR / "monitoring/grafana/money.json") as file:
        return json.load(file)["panels"]


def questions(rules, panels):
    """Every piece of PromQL: of rules, of what their sentences ask, and of panels."""
    for rule in rules:
        yield rule["alert"], rule["expr"]
        yield rule["alert"], rule["annotations"]["summary"].replace("%s", "x")
    for panel in panels:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]


def test_every_metric_that_is_named_exists(rules, panels):
    there = known()
    missing = {
        (where, name)
        for where, asked in questions(rules, panels)
        for name in NAME.findall(asked)
        if name not in there
    }

    assert not missing


def test_every_label_that_is_matched_exists_on_its_metric(rules, panels):
    there = known()
    wrong = {
        (where, name, label)
        for where, asked in questions(rules, panels)
        for name, matchers in MATCHED.findall(asked)
        for label in MATCHER.findall(matchers)
        if label not in there[name] | ALWAYS
    }

    assert not wrong


def test_a_sentence_names_only_labels_that_its_rule_keeps(rules):
    for rule in rules:
        kept = set()
        for names in re.findall(r"\bby\s*\(([^)]*)\)", rule["expr"]):
            kept |= {name.strip() for name in names.split(",") if name.strip()}
        used = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
        assert used <= kept, rule["alert"]


def test_every_rule_says_how_bad_it_is_in_a_sentence_and_where_to_read_on(rules, root):
    for rule in rules:
        says = rule["annotations"]
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        assert len(says["summary"]) > 30, rule["alert"]
        page = (root / says["runbook"]).read_text()
        assert all(part in page for part in ("**What it means.**", "**Look at.**", "**Do.**"))


def test_sums_of_money_are_said_in_the_currency_and_never_in_minor_units(rules, panels):
    for where, asked in questions(rules, panels):
        if re.search(r"paygate_\w+_minor\b", asked):
            assert "paygate_minor_units" in asked, where


def test_every_page_of_the_runbook_is_reached_by_a_rule_or_is_not_about_one(rules, root):
    named = {rule["annotations"]["runbook"] for rule in rules}
    alerts = {
        str(page.relative_to(root))
        for page in (root / "docs/runbook").glob("*.md")
        if "**What it means.**" in page.read_text()
    }

    assert named == alerts


def test_pages_of_the_runbook_link_to_what_is_there(root):
    for page in [*(root / "docs/runbook").glob("*.md"), root / "docs/monitoring.md"]:
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / link).exists(), (page.name, link)


def test_tasks_that_rules_wait_for_are_tasks_of_ours(rules):
    known_tasks = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    for rule in rules:
        for names in re.findall(r'task=~?"([^"]+)"', rule["expr"]):
            assert set(names.split("|")) <= known_tasks


def test_panels_lie_beside_and_below_each_other_and_say_what_they_show(panels):
    taken = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
        assert panel["type"] == "row" or panel["description"]
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_money_comes_first_on_the_dashboard(panels):
    first = min(
        (panel for panel in panels if panel["type"] != "row"),
        key=lambda p: (p["gridPos"]["y"], p["gridPos"]["x"]),
    )
    assert "paygate_unresolved_minor" in first["targets"][0]["expr"]


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not on the PATH")
@pytest.mark.parametrize(
    "how", [["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"]]
)
def test_prometheus_itself_reads_the_rules_and_says_the_sentences(root, how):
    done = subprocess.run(
        ["promtool", *how], cwd=root / "monitoring", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
