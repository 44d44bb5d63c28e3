"""The environment is made once, made again when it must be, and by one at a time."""

import subprocess
import sys
from pathlib import Path

import pytest

from stack.bootstrap import UNFINISHED, ensure, works
from stack.processes import ROOT

ENSURE = """
import sys
from pathlib import Path
from stack.bootstrap import ensure
print(ensure(Path(sys.argv[1]), [Path(sys.argv[2])]))
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an environment that two runs have made at the same time."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "requirements.txt").write_text("# Nothing yet.\n")
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", ENSURE, str(folder / ".venv"), str(folder / "requirements.txt")],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    (folder / "said").write_text(" ".join(sorted(run.communicate()[0].strip() for run in runs)))
    return folder


def again(place: Path) -> bool:
    return ensure(place / ".venv", [place / "requirements.txt"])


def test_of_two_runs_at_once_one_makes_it_and_the_other_finds_it(place: Path) -> None:
    assert (place / "said").read_text() == "False True"
    assert works(place / ".venv")


def test_a_second_run_has_nothing_to_do(place: Path) -> None:
    assert not again(place)


def test_other_requirements_are_installed_into_what_is_there(place: Path) -> None:
    ours = place / ".venv" / "ours"
    ours.touch()
    (place / "requirements.txt").write_text("# Something else.\n")

    assert again(place)
    assert ours.exists()
    assert not again(place)


def test_an_environment_left_half_finished_is_made_anew(place: Path) -> None:
    rest = place / ".venv" / "rest"
    rest.touch()
    (place / ".venv" / "stamp").write_text(UNFINISHED)

    assert again(place)
    assert not rest.exists()
    assert works(place / ".venv")


def test_an_environment_whose_python_is_gone_does_not_work(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(tmp_path / "uninstalled")
    assert not works(tmp_path)
