"""The browser that the tests of the back office drive: the machine's own Chromium, installed where that is asked for.

`CHROMIUM` names it where it is on no path. In CI (`CI` is set) it is installed when it is missing, and a test that
finds none fails; on anybody's own machine nothing is installed unasked, and such tests are skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
MISSING = (
    "There is no Chromium here. On Debian: apt install chromium; elsewhere let CHROMIUM name the program "
    "of any Chromium or Chrome."
)


def in_ci() -> bool:
    return os.environ.get("CI", "") not in ("", "0", "false")


def chromium() -> str | None:
    """Where the browser is; None where there is none."""
    if named := os.environ.get("CHROMIUM"):
        return named
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def ensure() -> bool:
    """Have one, from Debian's packages if need be and possible; whether there is one then."""
    if chromium() is None and (apt := _apt()):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for arguments in (["update", "-qq"], ["install", "-qq", "-y", "--no-install-recommends"]):
            packages = ["chromium"] if arguments[0] == "install" else []
            subprocess.run(
                [*apt, *arguments, *packages],
                env=environment,
                stdin=subprocess.DEVNULL,
                check=False,
            )
    return chromium() is not None


def _apt() -> list[str] | None:
    """How packages are installed here, if this user may."""
    if shutil.which("apt-get") is None:
        return None
    if os.geteuid() == 0:
        return ["apt-get"]
    if shutil.which("sudo") and not subprocess.run(["sudo", "-n", "true"], check=False).returncode:
        return ["sudo", "-n", "--preserve-env=DEBIAN_FRONTEND", "apt-get"]
    return None
