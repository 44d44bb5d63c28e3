"""Which browser is driven, and that none is installed where nobody asked or nobody can."""

from __future__ import annotations

from pathlib import Path

import pytest

from stack import browser, check


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine whose path is one folder, and empty."""
    for name in ("CHROMIUM", "CI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def program(path: Path, script: str = "#!/bin/sh\n") -> Path:
    path.write_text(script)
    path.chmod(0o755)
    return path


def test_it_is_the_first_on_the_path_or_the_one_that_is_named(bare, monkeypatch):
    assert browser.chromium() is None
    found = program(bare / "google-chrome")
    assert browser.chromium() == str(found)
    monkeypatch.setenv("CHROMIUM", "/opt/chrome")
    assert browser.chromium() == "/opt/chrome"


def test_where_nothing_can_be_installed_there_is_none(bare):
    assert not browser.ensure()


def test_a_missing_one_is_installed_by_the_machines_own_packages(bare, monkeypatch):
    monkeypatch.setattr(browser.os, "geteuid", lambda: 0)
    program(
        bare / "apt-get",
        f'#!/bin/sh\nif [ "$1" = install ]; then : > {bare}/chromium; /bin/chmod +x {bare}/chromium; fi\n',
    )
    assert browser.ensure()
    assert browser.chromium() == str(bare / "chromium")


@pytest.mark.parametrize(
    ("value", "asked"), [(None, 0), ("", 0), ("false", 0), ("true", 1), ("1", 1)]
)
def test_it_is_installed_in_ci_alone(bare, monkeypatch, value, asked):
    if value is not None:
        monkeypatch.setenv("CI", value)
    installed = []
    monkeypatch.setattr(browser, "ensure", lambda: installed.append(1))
    monkeypatch.setattr(check, "passes", lambda *_: True)
    monkeypatch.setattr(check.test, "main", lambda arguments: 0)
    assert check.main([]) == 0
    assert len(installed) == asked
