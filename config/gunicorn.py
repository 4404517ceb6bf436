"""gunicorn's settings: `gunicorn -c config/gunicorn.py wsgi:app`. All come from `Settings`."""

import gc
import os
import signal
import socket
import struct
import sys
from typing import Any

from config.settings import Settings, SettingsError

try:
    _settings = Settings.from_env(os.environ)
except SettingsError as error:
    # gunicorn prints a traceback for any other exception of this file.
    sys.exit(str(error))

_host = f"[{_settings.host}]" if ":" in _settings.host else _settings.host
bind = [f"{_host}:{_settings.port}"]
proc_name = "qoltanba"

# Threads share one process's memory and wait for the database side by side; processes use the
# cores. The application is loaded before the fork, so that the workers share its pages.
worker_class = "config.worker.Worker"
workers = _settings.workers
threads = _settings.threads
preload_app = True

timeout = _settings.timeout
graceful_timeout = _settings.graceful_timeout
keepalive = 75
max_requests = _settings.max_requests
max_requests_jitter = _settings.max_requests // 10

# A list filtered by many tags has a long query string; 8190 is the most that gunicorn allows.
limit_request_line = 8190

accesslog = "-" if _settings.access_log else None
# The path without its query string, which holds document codes.
access_log_format = '%(h)s %(t)s "%(m)s %(U)s" %(s)s %(b)s %(M)s ms'
loglevel = _settings.log_level

# No header of a request steers what the application sees as its address.
forwarded_allow_ips = ""
forwarder_headers = ""

# Nothing is written to the operator's home, and nobody steers the server through a socket.
control_socket_disable = True


def when_ready(master: Any) -> None:
    """Prepare what the workers, which are forked next, take over from the master.

    No client may hold a thread by sending or taking nothing in the middle of a request: the
    system's own timeout is inherited by each connection.

    And what is loaded by now, and stays, is left out of every later garbage collection: a full one
    over the application's modules takes 60 ms, in which a worker answers nobody.
    """
    patience = struct.pack("ll", _settings.read_timeout, 0)
    for listener in master.LISTENERS:
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            listener.sock.setsockopt(socket.SOL_SOCKET, option, patience)
    gc.collect()
    gc.freeze()


def post_worker_init(_worker: Any) -> None:
    """Leave Ctrl-C, which a terminal sends to all, to the master: it stops the workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
