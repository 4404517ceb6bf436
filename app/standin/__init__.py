"""A stand-in for NCALayer: it speaks the protocol, and signs with a test key. For tests only."""

from app.standin.answers import Mode
from app.standin.cms import Stamp
from app.standin.identity import (
    Identity,
    Person,
    make_authority,
    make_identity,
    make_stamper,
    read_identity,
)
from app.standin.server import Behaviour, StandIn
from app.standin.stamping import OwnStamper, Stamper
from app.standin.tls import Endpoint, make_endpoint

__all__ = [
    "Behaviour",
    "Endpoint",
    "Identity",
    "Mode",
    "OwnStamper",
    "Person",
    "Stamp",
    "Stamper",
    "StandIn",
    "make_authority",
    "make_endpoint",
    "make_identity",
    "make_stamper",
    "read_identity",
]
