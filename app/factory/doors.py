"""What is served: the families, what is about the server and the API, and pages."""

from __future__ import annotations

from functools import partial

from flask import Flask

from app import web
from app.api import errors, iinked, ncanode, ncanode3, penbox, solaris
from app.api.family import Family
from app.api.ncanode.cards.views import answer_card, get_card
from app.api.ncanode.contents.views import answer_content, get_version_content
from app.api.ncanode.evidence.record_view import get_evidence_record
from app.api.ncanode.evidence.views import get_version_file
from app.api.ncanode3.batches import make_helper
from app.api.openapi import views as openapi
from app.api.openapi.document import Mounted
from app.api.operations import health as operations
from app.api.operations import metrics
from app.services.shared_work import SharedWork
from config.settings import Settings

#: Every API family that can be served.
FAMILIES = {
    family.name: family
    for family in (ncanode.FAMILY, solaris.FAMILY, iinked.FAMILY, penbox.FAMILY, ncanode3.FAMILY)
}


def open_doors(app: Flask, settings: Settings) -> None:
    """Serve the configured families, and the endpoints about the server and the API."""
    families = tuple(_find_family(name, settings) for name in settings.families)
    app.extensions["families"] = families
    app.extensions["statuses"] = errors.statuses_of(families)
    shared = app.extensions["shared work"] = SharedWork()
    shared.make = partial(make_helper, app)
    # Pages have views of the first family, whatever is served of it.
    errors.init_app(app, (*families, ncanode.FAMILY) if settings.web else families)
    app.extensions[openapi.PARTS] = (
        *(Mounted(one.openapi, one.described_path, one.path) for one in families),
        operations.OPENAPI,
    )
    # Of two families with the same address, the later one answers there.
    for family in reversed(families):
        for blueprint in family.blueprints:
            app.register_blueprint(blueprint, url_prefix=family.path or None)
    for blueprint in (operations.blueprint, openapi.blueprint):
        app.register_blueprint(blueprint)
    if settings.metrics:
        app.register_blueprint(metrics.blueprint)
    if settings.web:
        is_limited = settings.rate_limit is not None
        web.open_pages(
            app,
            public_verify=settings.public_verify,
            is_limited=is_limited,
            downloads={
                "file": get_version_file,
                "evidence-record": get_evidence_record,
                "card": get_card,
                "content": get_version_content,
            },
            by_link={"card": answer_card, "content": answer_content},
        )


def _find_family(name: str, settings: Settings) -> Family:
    """Return a family as it is served."""
    if name == ncanode3.FAMILY.name:
        return ncanode3.family_at(settings.ncanode3_path)
    return FAMILIES[name]
