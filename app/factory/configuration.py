"""Flask's configuration: the settings that parts of the application read by name."""

from __future__ import annotations

from typing import Any

from flask import Flask

from app.store.database import engine as database
from config.settings import Settings


def configure(app: Flask, settings: Settings) -> None:
    """Write the settings into Flask's configuration."""
    app.config.update(
        _of_database(settings) | _of_pages(settings),
        AUTH=settings.auth,
        CMS_VALIDATION=settings.cms_validation,
        CMS_DETACHED=settings.detached_content,
        CLAIMS=settings.claims,
        COSIGN_GUARD=settings.cosign_guard,
        KEEP_CONTENT=settings.keep_content,
        MAX_CONTENT=settings.max_content,
        EVIDENCE=settings.has_evidence,
        EVIDENCE_REQUIRED=settings.requires_evidence,
        EVIDENCE_WORKER=settings.has_evidence and settings.evidence_worker,
        STRICT_TENANT=settings.strict_tenant,
        NCANODE_URL=settings.ncanode_url,
        NCANODE_KEY=settings.ncanode_key,
        NCANODE_PASSWORD=settings.ncanode_password,
        MAX_CONTENT_LENGTH=settings.max_body,
        # Flask's own answer to OPTIONS has no envelope.
        PROVIDE_AUTOMATIC_OPTIONS=False,
    )
    # `/signature/` is `/signature`, `/signature//versions` is unknown: no redirect is sent, which
    # would have no envelope.
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False


def _of_database(settings: Settings) -> dict[str, Any]:
    return {
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": database.engine_options(
            settings.database_url,
            settings.database_schema,
            settings.threads,
            settings.statement_timeout,
        ),
        "DATABASE_SCHEMA": settings.database_schema,
        "DATABASE_WAIT": settings.database_wait,
        "HOST_VARIABLE": settings.databases.host_variable,
        "MIGRATION_URL": settings.databases.migration_url,
        "MIGRATION_VARIABLE": settings.databases.migration_variable,
        "NAME_VARIABLE": settings.databases.name_variable,
    }


def _of_pages(settings: Settings) -> dict[str, Any]:
    """Return where the server is, who operates it, its language, and how its pages sign."""
    return {
        "TIMEZONE": settings.timezone,
        "PUBLIC_URL": settings.public_url,
        "ORGANIZATION_ID": settings.organization_id,
        "CARD_SYSTEM": settings.card_system,
        "CARD_ACT": settings.card_act,
        "LOCALE": settings.locale,
        "SECRET_KEY": settings.secret_key,
        "NCALAYER_URL": settings.ncalayer_url,
        "SIGNING_TIMESTAMP": settings.signing_timestamp,
        "ORGANIZATION_NAME": settings.organization_name,
        "ORGANIZATION_BIN": settings.organization_bin,
        "EGOV_QR": settings.egov_qr,
    }
