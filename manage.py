#!/usr/bin/env python
"""Django's command line."""

import os
import sys

#: Commands that change the schema connect as the owner of the tables; all others as the application.
OWNER_COMMANDS = {"migrate", "sqlflush", "flush"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "paygate.settings.local")
    if len(sys.argv) > 1 and sys.argv[1] in OWNER_COMMANDS:
        owner = os.environ.get("MIGRATION_DATABASE_URL")
        if owner:
            os.environ["DATABASE_URL"] = owner

    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
