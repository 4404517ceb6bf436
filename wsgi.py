"""The WSGI entry point: `gunicorn -c config/gunicorn.py wsgi:app`, and `flask --app wsgi …`."""

import gc
import sys

# Nothing that is imported becomes garbage: 0.2 s of each command went into searching for it.
gc.disable()

from app.factory import create_app  # noqa: E402 - it is what is imported.

try:
    app = create_app()
except SystemExit as refused:
    # Not 1, which means a bad signature: `flask verify` has not checked any.
    sys.stderr.write(f"{refused}\n")
    sys.exit(2)
finally:
    gc.freeze()
    gc.enable()
