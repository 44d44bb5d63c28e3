"""Only the lobby may name an upper floor by string; everything else imports what it uses, where the linter sees it."""

import ast

FLOORS = {"kernel": 0, "ledger": 1, "merchants": 2, "paygate": 3, "payouts": 4, "disputes": 4}
LOBBY = {"settings", "urls.py", "celery.py", "wiring.py", "wsgi.py"}
#: Who may do what is written down in one place, for all floors: permissions are names, such as "payouts.build_batch".
ROLES = "paygate/staff/"


def names_in(source):
    """Dotted names of our rooms in string constants that are nothing but a dotted name."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            first, dot, _ = node.value.partition(".")
            if first in FLOORS and dot and all(p.isidentifier() for p in node.value.split(".")):
                yield node.value


def test_no_room_names_an_upper_floor_by_string(root):
    guilty = []
    for floor, height in FLOORS.items():
        for file in (root / floor).rglob("*.py"):
            if floor == "paygate" and file.relative_to(root / floor).parts[0] in LOBBY:
                continue
            if str(file.relative_to(root)).startswith(ROLES):
                continue
            for name in names_in(file.read_text()):
                if FLOORS[name.partition(".")[0]] > height:
                    guilty.append(f"{file.relative_to(root)}: {name}")

    assert not guilty


def test_nothing_is_sent_to_celery_but_by_dispatch_and_tasks(root):
    """A task sent from elsewhere could run before the commit of what it is about.

    Tasks may hand on to the queue of a PSP what was committed before they were sent.
    """
    guilty = [
        str(file.relative_to(root))
        for floor in FLOORS
        for file in (root / floor).rglob("*.py")
        if (".delay(" in (text := file.read_text()) or ".apply_async(" in text)
        and file.name not in {"dispatch.py", "tasks.py"}
    ]

    assert not guilty


def test_there_are_no_drawers(root):
    """No services, utils, helpers, common: a file is named for what it does."""
    drawers = {"services.py", "utils.py", "helpers.py", "common.py", "misc.py", "managers.py"}
    found = [str(f) for floor in FLOORS for f in (root / floor).rglob("*.py") if f.name in drawers]

    assert not found
