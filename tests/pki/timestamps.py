"""Timestamp tokens."""

import datetime
from collections.abc import Sequence

from app.cms.algorithms import registry as algorithms
from tests import der
from tests.pki.certificates import Holder
from tests.pki.keys import SHA1, SHA256
from tests.pki.people import stamper
from tests.pki.signatures import (
    SIGNING_TIME,
    TST_INFO,
    attributes,
    signed_data,
    signer_info,
    signing_certificate,
)

STAMPING_POLICY = "1.2.398.3.3.2.6.4"


def timestamp(
    stamped: bytes = b"",
    moment: datetime.datetime = SIGNING_TIME,
    *,
    by: Holder | None = None,
    digest: str = SHA256,
    imprint: bytes | None = None,
    certificates: Sequence[Holder] | None = None,
    content_type: str = TST_INFO,
    signers: int = 1,
    policy: str = STAMPING_POLICY,
    nonce: int | None = None,
    version: int = 1,
    accuracy: bytes = b"",
    further: bytes = b"",
    named: bool = True,
) -> bytes:
    """Issue a TimeStampToken (RFC 3161 section 2.4.2) on `stamped`, or on what has a digest.

    `accuracy` and `further` are encoded fields; unless `named`, it does not say whose it is.
    """
    authority = by or stamper()
    hashed = imprint or algorithms.digest(digest, stamped)
    info = der.sequence(
        der.integer(version),
        der.oid(policy),
        der.sequence(der.algorithm(digest, der.NULL), der.octets(hashed)),
        der.integer(-7),
        der.time(moment),
        accuracy,
        b"" if nonce is None else der.integer(nonce),
        further,
    )
    signed = attributes(info, authority.key.digest, content_type, moment=moment)
    if named:
        signed.append(signing_certificate(authority.certificate, SHA1))
    more = [[der.attribute("1.2.3.4", der.integer(number))] for number in range(1, signers)]
    return signed_data(
        [signer_info(authority, info, signed=sorted(signed + odd)) for odd in ([], *more)],
        [authority] if certificates is None else certificates,
        info,
        content_type=content_type,
        digests=[authority.key.digest],
    )
