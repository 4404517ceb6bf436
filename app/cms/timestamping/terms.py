"""What to ask a timestamp authority (TSA) for: the digest of the imprint, and the policy."""

from dataclasses import dataclass

from app.cms.algorithms.names import (
    GOST_2004,
    GOST_2015_256,
    GOST_2015_512,
    GOST_34311,
    SHA_256,
    STREEBOG_256,
    STREEBOG_512,
)
from app.cms.x509.certificate import Certificate

#: Policies of the NCA's TSA: the one signs with GOST R 34.10-2015, the other with RSA.
GOST_POLICY = "1.2.398.3.3.2.6.4"
RSA_POLICY = "1.2.398.3.3.2.6.2"

_GOST_KEYS = {GOST_2004, GOST_2015_256, GOST_2015_512}
_GOST_DIGESTS = {GOST_34311, STREEBOG_256, STREEBOG_512}


@dataclass(frozen=True, slots=True)
class StampingTerms:
    """The digest (dotted) that makes the imprint, and the policy (dotted); None for any policy."""

    digest: str
    policy: str | None


def choose_terms(
    certificate: Certificate,
    *,
    digest: str | None = None,
    policy: str | None = None,
    names_policy: bool = True,
) -> StampingTerms:
    """Return the terms for stamping a signature by the key of `certificate`.

    A GOST key has Streebog-512 and the GOST policy, any other SHA-256 and the RSA policy, so that
    the token lasts as long as the signature's own algorithm. An operator may set `digest` and
    `policy` for a TSA; the policy follows a digest that is set. Without `names_policy` none is
    requested, as by TSAs that know none.
    """
    kind = certificate.public_key.algorithm.oid
    used = digest or (STREEBOG_512 if kind in _GOST_KEYS else SHA_256)
    usual = GOST_POLICY if used in _GOST_DIGESTS else RSA_POLICY
    return StampingTerms(used, (policy or usual) if names_policy else None)


def terms_for_digest(digest: str, *, names_policy: bool) -> StampingTerms:
    """Return the terms for stamping a digest that is known already, by its algorithm (dotted)."""
    usual = GOST_POLICY if digest in _GOST_DIGESTS else RSA_POLICY
    return StampingTerms(digest, usual if names_policy else None)
