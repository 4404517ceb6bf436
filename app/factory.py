"""The wiring: settings in, application out."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Flask, Response, request
from sqlalchemy import Engine
from werkzeug.middleware.proxy_fix import ProxyFix

from app import auth, caching, cli, closed, cors, server_refusal
from app.api import errors, iinked, ncanode, penbox, solaris
from app.api.family import family_at_work
from app.api.openapi import views as openapi
from app.api.operations import health as operations
from app.api.operations import metrics
from app.api.params import unread
from app.destinations import Destinations
from app.extensions import db
from app.observability import counters, pool_metrics, request_log
from app.observability.logs import log_to_stderr
from app.rate_limit import callers, computing
from app.rate_limit.places import Places
from app.store.database import engine as database
from app.store.database.reads import Reads
from app.store.database.replicas import Replica, make_engine
from app.store.migrations.readiness import Readiness
from app.trust import Trust
from app.trust.examiner import Examiner
from app.trust.stored import StoredAuthorities
from config.settings import Settings, SettingsError

if TYPE_CHECKING:
    from app.evidence.worker import Worker

#: Every API family that can be served.
FAMILIES = {
    family.name: family for family in (ncanode.FAMILY, solaris.FAMILY, iinked.FAMILY, penbox.FAMILY)
}


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
    app = Flask(__name__, static_folder=None)
    _configure(app, settings)
    log_to_stderr(settings.log_level, settings.log_format)
    _observe_requests(app, settings)
    _guard(app, settings)

    app.extensions["places"] = Places(settings.threads)
    app.extensions["readiness"] = Readiness()
    db.init_app(app)
    with app.app_context():
        database.prepare(db.engine)
        app.extensions["trust"] = _make_trust(db.engine, settings)
        app.extensions["examiner"] = Examiner(db.engine, app.extensions["trust"])
        app.extensions["evidence"] = partial(_make_worker, app, settings)
        if settings.metrics:
            pool_metrics.watch(db.engine, settings.threads + database.OVERFLOW)
        app.extensions["reads"] = Reads(db.engine, _replicas(settings, db.engine))
    if settings.databases.replica_urls:
        _note_writes(app, app.extensions["reads"])
    unread.init_app(app)
    _open_doors(app, settings)
    cli.init_app(app)
    return app


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


def _make_worker(app: Flask, settings: Settings) -> Worker:
    """Return what obtains evidence, for this application's store."""
    # Importing what sends requests takes 0.1 s, and most servers never send any.
    from app.evidence.worker import make_worker  # noqa: PLC0415

    named = [urlsplit(one).hostname or "" for one in settings.stamping_addresses]
    destinations = Destinations([*settings.outgoing_allow, *named])
    with app.app_context():
        return make_worker(
            db.engine,
            app.extensions["trust"],
            destinations,
            settings.stamping_addresses,
            settings.evidence_timeout,
        )


def _configure(app: Flask, settings: Settings) -> None:
    app.config.update(
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=database.engine_options(
            settings.database_url,
            settings.database_schema,
            settings.threads,
            settings.statement_timeout,
        ),
        DATABASE_SCHEMA=settings.database_schema,
        DATABASE_WAIT=settings.database_wait,
        HOST_VARIABLE=settings.databases.host_variable,
        MIGRATION_URL=settings.databases.migration_url,
        MIGRATION_VARIABLE=settings.databases.migration_variable,
        NAME_VARIABLE=settings.databases.name_variable,
        AUTH=settings.auth,
        CMS_VALIDATION=settings.cms_validation,
        CMS_DETACHED=settings.detached_content,
        CLAIMS=settings.claims,
        COSIGN_GUARD=settings.cosign_guard,
        EVIDENCE=settings.has_evidence,
        EVIDENCE_WORKER=settings.has_evidence and settings.evidence_worker,
        STRICT_TENANT=settings.strict_tenant,
        NCANODE_URL=settings.ncanode_url,
        NCANODE_KEY=settings.ncanode_key,
        NCANODE_PASSWORD=settings.ncanode_password,
        TIMEZONE=settings.timezone,
        PUBLIC_URL=settings.public_url,
        ORGANIZATION_ID=settings.organization_id,
        LOCALE=settings.locale,
        MAX_CONTENT_LENGTH=settings.max_body,
        # Flask's own answer to OPTIONS has no envelope.
        PROVIDE_AUTOMATIC_OPTIONS=False,
    )
    # `/signature/` is `/signature`, `/signature//versions` is unknown: no redirect is sent, which
    # would have no envelope.
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False


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


def _open_doors(app: Flask, settings: Settings) -> None:
    """Serve the configured families, and the endpoints about the server and the API."""
    families = tuple(FAMILIES[name] for name in settings.families)
    app.extensions["families"] = families
    errors.init_app(app, families)
    app.extensions[openapi.PARTS] = (*(family.openapi for family in families), operations.OPENAPI)
    blueprints = [blueprint for family in families for blueprint in family.blueprints]
    blueprints += [operations.blueprint, openapi.blueprint]
    if settings.metrics:
        blueprints.append(metrics.blueprint)
    for blueprint in blueprints:
        app.register_blueprint(blueprint)


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
