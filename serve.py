"""The server, from any folder: `python serve.py`, optionally followed by gunicorn's options.

gunicorn reads WEB_CONCURRENCY before it reads any configuration, and fails on a wrong one with a
traceback; so all settings are checked before it is called.
"""

import os
import sys
from pathlib import Path

from config.settings import Settings, SettingsError

FOLDER = Path(__file__).resolve().parent


def main() -> None:
    """Become gunicorn, unless a setting can't be used: then print one line."""
    try:
        Settings.from_env(os.environ).require_access_control()
    except SettingsError as error:
        sys.exit(str(error))
    configuration = str(FOLDER / "config" / "gunicorn.py")
    arguments = ["-m", "gunicorn", "--config", configuration, *sys.argv[1:], "wsgi:app"]
    os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606  # no shell is wanted


if __name__ == "__main__":
    main()
