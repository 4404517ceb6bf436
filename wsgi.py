"""The WSGI entry point: `gunicorn -c config/gunicorn.py wsgi:app`, and `flask --app wsgi …`."""

import sys

from app.factory import create_app

try:
    app = create_app()
except SystemExit as refused:
    # Not 1, which means a bad signature: `flask verify` has not checked any.
    sys.stderr.write(f"{refused}\n")
    sys.exit(2)
