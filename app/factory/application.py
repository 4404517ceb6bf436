"""The application, put together from the settings."""

from __future__ import annotations

import os
from functools import partial

from flask import Flask, Response, request
from sqlalchemy import Engine
from werkzeug.middleware.proxy_fix import ProxyFix

from app import auth, caching, cli, closed, cors, server_refusal, sessions, web
from app.api.family import family_at_work
from app.api.params import unread
from app.destinations import Destinations
from app.extensions import db
from app.factory.configuration import configure
from app.factory.doors import open_doors
from app.factory.evidence import make_requirement, make_worker
from app.observability import counters, pool_metrics, request_log
from app.observability.evidence_queue import EvidenceQueue
from app.observability.logs import log_to_stderr
from app.rate_limit import callers, computing
from app.rate_limit.places import Places
from app.rate_limit.searches import Searches
from app.services.bodies import BoundedRequest
from app.services.keys_at_work import KeysAtWork
from app.store.contents.places import open_place
from app.store.database import engine as database
from app.store.database.reads import Reads
from app.store.database.replicas import Replica, make_engine
from app.store.migrations.readiness import Readiness
from app.trust import Trust
from app.trust.documents import Documents
from app.trust.examiner import Examiner
from app.trust.stored import StoredAuthorities
from config.settings import Settings, SettingsError


def create_app(settings: Settings | None = None) -> Flask:
    """Build the application. It opens no connection before the first request.

    Args:
        settings: None reads them from the environment.

    Raises:
        SystemExit: a variable of the environment can't be used; the text is one line.
    """
    if settings is None:
        try:
            settings = Settings.from_env(os.environ)
        except SettingsError as error:
            raise SystemExit(str(error)) from error
    app = Flask("app", static_folder=None)
    app.request_class = BoundedRequest
    configure(app, settings)
    log_to_stderr(settings.log_level, settings.log_format)
    if settings.web:
        web.init_app(app, closed.refusing_foreign_pages(None, settings.public_url))
    _observe_requests(app, settings)
    _guard(app, settings)

    _fill(app, settings)
    unread.init_app(app)
    open_doors(app, settings)
    cli.init_app(app)
    return app


def _fill(app: Flask, settings: Settings) -> None:
    """Make what the application has one of."""
    app.extensions["places"] = Places(settings.threads)
    app.extensions["searches"] = Searches(settings.threads)
    app.extensions["readiness"] = Readiness()
    app.extensions["content place"] = open_place(settings.content_store)
    app.extensions["keys at work"] = KeysAtWork()
    db.init_app(app)
    with app.app_context():
        database.prepare(db.engine)
        app.extensions["trust"] = _make_trust(db.engine, settings)
        documents = Documents(db.engine, app.extensions["content place"], settings.max_body)
        app.extensions["examiner"] = Examiner(db.engine, app.extensions["trust"], documents)
        app.extensions["evidence"] = partial(make_worker, app, settings)
        if settings.requires_evidence:
            app.extensions["evidence requirement"] = make_requirement(db.engine, app, settings)
        if settings.metrics:
            pool_metrics.watch(db.engine, settings.threads + database.OVERFLOW)
        app.extensions["collectors"] = [EvidenceQueue(db.engine)] if settings.has_evidence else []
        app.extensions["reads"] = Reads(db.engine, _replicas(settings, db.engine))
    if settings.databases.replica_urls:
        _note_writes(app, app.extensions["reads"])


def _make_trust(engine: Engine, settings: Settings) -> Trust:
    trust = Trust(
        settings.trust_folder,
        online=settings.revocation == "online",
        cache=settings.revocation_cache,
        destinations=Destinations(settings.outgoing_allow),
        on_result=counters.count_verification,
    )
    trust.stored = StoredAuthorities(engine)
    return trust


def _replicas(settings: Settings, primary: Engine) -> list[Replica]:
    """Return the replicas that answer reads."""
    schema, timeout = settings.database_schema, settings.statement_timeout
    return [
        Replica(make_engine(url, schema, settings.threads, timeout), primary)
        for url in settings.databases.replica_urls
    ]


def _note_writes(app: Flask, reads: Reads) -> None:
    """Record each request that may have written, so that its caller reads its own write."""
    only_reads = auth.only_reading(app)

    def note(response: Response) -> Response:
        # A refused request leaves no trace; a failed one may have.
        refused = 400 <= response.status_code < 500
        if request.endpoint is not None and not refused and not only_reads(request.endpoint):
            reads.note_write()
        return response

    app.after_request(note)


def _observe_requests(app: Flask, settings: Settings) -> None:
    """Count requests and their cost, and log them, from their first moment on."""
    if settings.cpu_limit:
        computing.init_app(app, settings.cpu_limit, auth.caller_key)
    identity = request_log.Identity(
        token=auth.caller_name, family=family_at_work, address=settings.access_log_address
    )
    request_log.init_app(
        app, count=settings.metrics, identity=identity if settings.access_log else None
    )


def _guard(app: Flask, settings: Settings) -> None:
    """Set up access, origins and limits, in the order in which a request is checked."""
    caching.init_app(app)
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        proxies = ProxyFix(app.wsgi_app, x_for=count, x_proto=0, x_host=0, x_port=0, x_prefix=count)
        app.wsgi_app = proxies  # type: ignore[method-assign]  # as Flask's documentation does
    if settings.cors_origins:
        cors.init_app(app, settings.cors_origins)
    if settings.auth:
        auth.init_app(
            app, closed.refusing_foreign_pages(settings.cors_origins, settings.public_url)
        )
        if settings.web:
            sessions.init_app(app)
    else:
        closed.init_app(
            app,
            origins=settings.cors_origins,
            public_url=settings.public_url,
            is_open=settings.allow_open,
            is_public=auth.reading_public(app),
        )
    if settings.rate_limit:
        callers.init_app(app, settings.rate_limit, auth.caller_key)
    server_refusal.init_app(app)
    if settings.cpu_limit:
        computing.enforce(app)
    if settings.auth:
        auth.enforce(app)
