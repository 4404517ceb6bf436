"""gunicorn's settings: `gunicorn -c config/gunicorn.py wsgi:app`. All come from `Settings`."""

import gc
import itertools
import os
import signal
import sys
from pathlib import Path
from typing import Any

from flask import Flask

# gunicorn may be started in any folder.
_PROJECT = str(Path(__file__).resolve().parent.parent)
if _PROJECT not in sys.path:
    sys.path.insert(0, _PROJECT)

from app import background, cors
from app.cms import describe_gost
from app.observability import metrics_queue, worker_slots
from app.server import memory, metrics_folder, starting
from app.server.client_limits import Limits
from app.server.connections import CONNECTIONS
from config.settings import EMBEDDED_DATABASE, Settings, SettingsError

try:
    _settings = Settings.from_env(os.environ)
    _settings.require_startable()
except SettingsError as error:
    # gunicorn prints a traceback for any other exception of this file.
    sys.exit(str(error))

# For which an ending worker waits for a signature that it verifies in the background.
_BACKGROUND_SECONDS = 2.0

_host = f"[{_settings.host}]" if ":" in _settings.host else _settings.host
bind = [f"{_host}:{_settings.port}"]
proc_name = "tanbahana"

# Threads share one process's memory and wait for the database in parallel; processes use the cores.
# The application is loaded before the fork, so that the workers share its pages.
worker_class = "app.server.worker.Worker"
workers = _settings.workers
threads = _settings.threads
preload_app = True

timeout = _settings.timeout
graceful_timeout = _settings.graceful_timeout
keepalive = 75
max_requests = _settings.max_requests
max_requests_jitter = _settings.max_requests // 10

# Connections of one worker. One that sends nothing costs some kilobytes and no thread.
worker_connections = 1000

# The application logs requests: gunicorn would log the path, which may contain a person's number.
accesslog = None
logger_class = f"app.server.logs.{_settings.log_format.title()}Logger"
loglevel = _settings.log_level

# Nothing is written to the operator's home, and there is no control socket.
control_socket_disable = True


memory.give_back_what_is_large()

# Set before anything is counted, which starts when the application is loaded, before the fork; and
# only once, though SIGHUP reads these settings again while the workers go on counting.
if _settings.metrics and worker_slots.shared_folder() is None:
    worker_slots.share(metrics_folder.make_folder(_settings.metrics_folder))


def on_starting(master: Any) -> None:
    """Require that the address may be used without tokens, if there are none, and is free.

    gunicorn would log ten times that it isn't. One that another master or systemd hands over is
    in use. Then restrict `var` to its owner, and wait for PostgreSQL, which may be starting at
    the same time.
    """
    if not master.master_pid and "LISTEN_FDS" not in os.environ:
        starting.require_access_control(_settings, master.address)
        starting.require_ports(master.address)
    if starting.close_folder(EMBEDDED_DATABASE.parent):
        master.log.info("%s is for its owner alone now", EMBEDDED_DATABASE.parent)
    starting.await_database(_settings, master.log.warning)


def on_exit(_master: Any) -> None:
    """Leave a SQLite file complete, now that the workers have ended."""
    starting.tidy_up(_settings.database_url)


def when_ready(master: Any) -> None:
    """Prepare what the workers, which are forked next, inherit from the master.

    What it listens at is known for certain only now. Objects loaded by now are excluded from later
    garbage collections: a full one over the application's modules takes 60 ms, in which a worker
    answers no request.
    """
    # A master with SO_REUSEPORT has no sockets: each worker makes its own.
    bound = [one.sock.getsockname() for one in master.LISTENERS] or master.address
    starting.require_access_control(_settings, bound)
    gc.collect()
    gc.freeze()
    found, places = starting.examine(_settings), ", ".join(map(starting.name_address, bound))
    master.log.info(starting.describe(found, _settings, places))
    master.log.info(describe_gost())
    if without := starting.describe_evidence(found, _settings):
        master.log.info(without)
    for notice in _settings.notices:
        master.log.warning(notice)
    if callers := starting.describe_callers(_settings, places):
        master.log.warning(callers)
    if not found.is_anchored:
        claims = (
            "/cms/validate and packages accept claims instead"
            if _settings.claims == "accept"
            else "/cms/validate refuses, and no signer of a package counts as having signed"
        )
        master.log.warning(
            "nothing is trusted yet: there is no trust anchor in the database or in %s, so that no "
            "signature is found to be trusted, and %s; `flask --app wsgi trust add` adds one",
            _settings.trust_folder,
            claims,
        )


def pre_fork(master: Any, worker: Any) -> None:
    """Set the CORS headers and the slot of a worker that is about to start.

    The slot is the lowest free one. The boxes of the workers are there before the first of them.
    """
    worker.limits = Limits(
        head=_settings.head_timeout,
        body=_settings.body_timeout,
        answer=_settings.answer_timeout,
        idle=keepalive,
        stall=_settings.read_timeout,
        max_body=_settings.max_body,
        max_upload=_settings.max_upload,
        threads=threads,
        connections=None if _settings.trusted_proxies else worker_connections // 2,
    )
    worker.cors_headers = cors.headers_of_unread(_settings.cors_origins)
    if isinstance(application := worker.app.wsgi(), Flask):
        application.extensions["shared work"].open(workers)
    taken = {other.place for other in master.WORKERS.values()}
    worker.place = next(place for place in itertools.count() if place not in taken)


def post_fork(_master: Any, worker: Any) -> None:
    """Make the new process count in its slot."""
    worker_slots.take_place(worker.place)


def worker_exit(_master: Any, _worker: Any) -> None:
    """Let the work in the background end, and count what an ending worker has still queued."""
    background.end(_BACKGROUND_SECONDS)
    metrics_queue.write_down()


def child_exit(_master: Any, worker: Any) -> None:
    """Forget the threads and connections of an ended worker; its counts are kept."""
    CONNECTIONS.set_load(worker.place, None)
    if worker_slots.shared_folder():
        metrics_folder.forget(worker.place)


def post_worker_init(worker: Any) -> None:
    """Leave Ctrl-C, which a terminal sends to all, to the master: it stops the workers.

    From now on the worker verifies in the background what saves have not, and checks whether the
    anchors in the database have changed. If the settings say so, it also obtains evidence.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if isinstance(worker.wsgi, Flask):  # The baseline of the benchmark is a bare function.
        turns = worker.wsgi.extensions["trust"].turns
        searches = worker.wsgi.extensions["searches"]
        worker.lending = turns, worker.wsgi.extensions["places"], searches
        worker.wsgi.extensions["shared work"].start(worker.place)
        worker.wsgi.extensions["examiner"].start()
        if worker.wsgi.config["EVIDENCE_WORKER"]:
            worker.wsgi.extensions["evidence"]().start()
