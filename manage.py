#!/usr/bin/env python
"""The one command of ArbEdge: `manage.py up`, `scan`, `check` and Django's own."""

import os
import sys
from pathlib import Path

from dotenv import load_dotenv
from environs.exceptions import EnvError

from arbedge.embedded import EngineError, engines_for_command
from arbedge.session import prepare

BASE_DIR = Path(__file__).resolve().parent


def main() -> None:
    load_dotenv(BASE_DIR / ".env")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "arbedge.settings")
    try:
        prepare(BASE_DIR, sys.argv)
        with engines_for_command(BASE_DIR, sys.argv):
            from django.core.management import execute_from_command_line

            execute_from_command_line(sys.argv)
    except (EngineError, EnvError) as error:
        sys.exit(f"arbedge: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
