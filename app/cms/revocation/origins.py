"""Where CRLs and OCSP responses come from."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Place: TypeAlias = Literal["operator", "online", "embedded", "kept", "package"]
"""`operator`: the operator provided it; `online`: the CA was asked; `embedded`: it came with the
signature; `kept`: it was obtained for the signature before, and stored, or it is a revocation that
was proven before; `package`: it is a file of the evidence package in which the signature came.
"""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where something comes from, and the address at which it was requested, if that is known."""

    place: Place
    address: str | None = None


OPERATOR, EMBEDDED, KEPT = Origin("operator"), Origin("embedded"), Origin("kept")
PACKAGE = Origin("package")
