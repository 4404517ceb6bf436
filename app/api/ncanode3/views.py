"""The views of the family: one verification each, health, and refusals of private keys."""

from __future__ import annotations

from contextlib import ExitStack

from flask import Blueprint, Response, current_app, request

from app.api.json_response import json_answer
from app.api.ncanode3.batches import answer_batch
from app.api.ncanode3.errors import KeyRefused
from app.api.ncanode3.verifications import FUNCTIONS, SCHEMAS, Verifications
from app.api.params.merging import read_parameters
from app.api.params.unread import note
from app.auth import needs, public
from app.extensions import current_trust, db
from app.rate_limit.places import current_places
from app.services.translations import choose_locale
from app.store.migrations.readiness import Fault, Readiness
from app.wording.sentences import Wording

blueprint = Blueprint("ncanode3", __name__)

#: Parameters that are lists.
LISTS = ("certs", "revocationCheck")
HEALTH = "application/vnd.spring-boot.actuator.v3+json"
#: The server verifies with a full disk, too.
_NO_FAULT = (None, Fault.FULL)


@blueprint.post("/cms/verify")
@needs("read", by_tags=True)
def verify_cms() -> Response:
    """Verify a CMS."""
    return _answer("/cms/verify")


@blueprint.post("/cms/extract")
@needs("read", by_tags=True)
def extract_cms() -> Response:
    """Return the content of a CMS."""
    return _answer("/cms/extract")


@blueprint.post("/xml/verify")
@needs("read", by_tags=True)
def verify_xml() -> Response:
    """Verify a signed XML document."""
    return _answer("/xml/verify")


@blueprint.post("/wsse/verify")
@needs("read", by_tags=True)
def verify_wsse() -> Response:
    """Verify a signed SOAP message."""
    return _answer("/wsse/verify")


@blueprint.post("/pdf/verify")
@needs("read", by_tags=True)
def verify_pdf() -> Response:
    """Verify the signatures in a PDF."""
    return _answer("/pdf/verify")


@blueprint.post("/x509/info")
@needs("read", by_tags=True)
def describe_certificates() -> Response:
    """Describe certificates."""
    return _answer("/x509/info")


@blueprint.post("/x509/verify")
@needs("read", by_tags=True)
def verify_value() -> Response:
    """Verify a bare signature value."""
    return _answer("/x509/verify")


@blueprint.post("/cms/verify/batch")
@needs("read", by_tags=True)
def verify_cms_batch() -> Response:
    """Verify many CMS."""
    return _answer_many("/cms/verify")


@blueprint.post("/cms/extract/batch")
@needs("read", by_tags=True)
def extract_cms_batch() -> Response:
    """Return the contents of many CMS."""
    return _answer_many("/cms/extract")


@blueprint.post("/xml/verify/batch")
@needs("read", by_tags=True)
def verify_xml_batch() -> Response:
    """Verify many signed XML documents."""
    return _answer_many("/xml/verify")


@blueprint.post("/wsse/verify/batch")
@needs("read", by_tags=True)
def verify_wsse_batch() -> Response:
    """Verify many signed SOAP messages."""
    return _answer_many("/wsse/verify")


@blueprint.post("/pdf/verify/batch")
@needs("read", by_tags=True)
def verify_pdf_batch() -> Response:
    """Verify the signatures in many PDFs."""
    return _answer_many("/pdf/verify")


@blueprint.post("/x509/info/batch")
@needs("read", by_tags=True)
def describe_certificates_batch() -> Response:
    """Describe many certificates, each for itself."""
    return _answer_many("/x509/info")


@blueprint.post("/x509/verify/batch")
@needs("read", by_tags=True)
def verify_value_batch() -> Response:
    """Verify many bare signature values."""
    return _answer_many("/x509/verify")


@blueprint.post("/cms/sign")
@blueprint.post("/cms/sign/add")
@blueprint.post("/xml/sign")
@blueprint.post("/wsse/sign")
@blueprint.post("/pdf/sign")
@blueprint.post("/pkcs12/info")
@blueprint.post("/pkcs12/aliases")
@blueprint.post("/jwt/encode")
@public
def refuse_key() -> Response:
    """Refuse what needs a private key. The body, which has one, is not looked at."""
    raise KeyRefused(
        "Private keys are not accepted here: sign where the key is, and send only the signature"
    )


@blueprint.get("/actuator/health")
@public
def get_health() -> Response:
    """Answer whether the server can verify, as Spring Boot does."""
    readiness: Readiness = current_app.extensions["readiness"]
    is_up = readiness.find_fault(db.engine) in _NO_FAULT
    answer = json_answer({"status": "UP" if is_up else "DOWN"}, 200 if is_up else 503)
    answer.headers["Content-Type"] = HEALTH
    return answer


def _answer(path: str) -> Response:
    """Answer with one verification, whose reasons are in the caller's language, in UTC."""
    given = read_parameters(request, aliases={}, lists=LISTS)
    note(given, SCHEMAS[path].known)
    wording = Wording(choose_locale(request))
    answer = json_answer(FUNCTIONS[path](Verifications(current_trust(), wording), given))
    answer.headers["Content-Language"] = wording.language
    return answer


def _answer_many(path: str) -> Response:
    """Answer with many verifications. Few such requests are at work at once."""
    with ExitStack() as stack:
        stack.enter_context(current_places().take())
        response = answer_batch(path, current_app.extensions["statuses"])
        response.call_on_close(stack.pop_all().close)
        return response
