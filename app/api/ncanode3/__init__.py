"""NCANode version 3: the verifying half of its API, for clients that change only the address."""

from pathlib import Path

from app.api.family import Family
from app.api.ncanode3 import views as routes
from app.api.ncanode3.errors import STATUSES, answer_error

#: Where the family is served unless the operator says otherwise, and as its description says.
PATH = "/ncanode3"
#: Of the root, the beginnings of addresses that are this family's, and whole addresses.
_BEGINNINGS = ("/cms/sign", "/xml/", "/wsse/", "/pdf/", "/x509/", "/pkcs12/", "/jwt/", "/actuator/")
_VERIFYING = ("/cms/verify", "/cms/extract")
_ADDRESSES = frozenset({*_VERIFYING, *(f"{one}/batch" for one in _VERIFYING), "/cms/sign"})


def family_at(path: str) -> Family:
    """Return the family as it is served below a path, which is empty for the root.

    There it shares `/cms/` with another family: only its own addresses are its own.
    """
    return Family(
        name="ncanode3",
        blueprints=(routes.blueprint,),
        prefixes=(f"{path}/",) if path else _BEGINNINGS,
        addresses=frozenset() if path else _ADDRESSES,
        answer_error=answer_error,
        openapi=Path(__file__).with_name("openapi.yaml"),
        statuses=STATUSES,
        path=path,
        described_path=PATH,
    )


FAMILY = family_at(PATH)

__all__ = ["FAMILY", "PATH", "family_at"]
