"""The "Signatures Persist API" of the image perfumerlabs/ncanode."""

from pathlib import Path

from app.api import envelope
from app.api.family import Family
from app.api.ncanode.cards import views as cards
from app.api.ncanode.contents import views as contents
from app.api.ncanode.evidence import record_view
from app.api.ncanode.evidence import views as evidence
from app.api.ncanode.evidence.errors import EvidenceOff, NotInProfile
from app.api.ncanode.links import views as links
from app.api.ncanode.links.errors import PagesOff
from app.api.ncanode.origin import views as origin
from app.api.ncanode.origin.client import OriginFailed, OriginNotSet, OriginRefusal
from app.api.ncanode.signatures import views as routes
from app.api.ncanode.validation import views as validation
from app.api.ncanode.validation.rules import CheckFailed
from app.pdf.errors import NoCard
from app.services.tag_scope import SaveOutOfReach, SearchOutOfReach

FAMILY = Family(
    name="ncanode",
    blueprints=(
        routes.blueprint,
        validation.blueprint,
        evidence.blueprint,
        record_view.blueprint,
        cards.blueprint,
        contents.blueprint,
        links.blueprint,
        origin.blueprint,
    ),
    prefixes=(),
    answer_error=envelope.answer_error,
    openapi=Path(__file__).with_name("openapi.yaml"),
    statuses={
        CheckFailed: 400,
        OriginRefusal: 400,
        SaveOutOfReach: 403,
        SearchOutOfReach: 403,
        NotInProfile: 409,
        NoCard: 409,
        EvidenceOff: 409,
        PagesOff: 409,
        OriginNotSet: 501,
        OriginFailed: 502,
    },
)

__all__ = ["FAMILY"]
