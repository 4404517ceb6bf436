"""The text in an evidence package that says what its files are, and how others verify them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

_TEXT: Final = r"""Evidence of a digital signature

The signature is here as it was saved, to the byte. Beside it is what was obtained to prove it
after its certificates end. It proves nothing without the root certificate of the authority: take
that from the authority itself, as root.pem, and compare its SHA-256.

signature.p7m        the signature, CMS (RFC 5652); or signature.xml, a signed XML document
signature.ers        the evidence record (RFC 4998), if one was made: since when all of it exists
certificates.pem     certificates of signers, of timestamp authorities, and of those above them
certificates/N.pem   the same, each in a file of its own
timestamps/N.tst     the timestamp token (RFC 3161) of signer N, if the signature has none inside
timestamps/N.octets  what it is over: the signature value of signer N; of XML the element
                     ds:SignatureValue in Exclusive XML Canonicalization 1.0 (EN 319 132-1)
ocsp/N.ors           OCSP responses (RFC 6960)
crl/N.crl            CRLs (RFC 5280), DER

These commands need openssl, and root.pem in this folder. AT is the time as of which to verify, in
seconds since 1970: that of the timestamp, or a later one at which its certificate had not ended.
GOST signatures need an openssl with the algorithms of Kazakhstan.

openssl ts -reply -token_in -in timestamps/1.tst -text
openssl ts -verify -token_in -in timestamps/1.tst -data timestamps/1.octets \
    -CAfile root.pem -untrusted certificates.pem -attime AT
openssl ocsp -respin ocsp/1.ors -verify_other certificates.pem -CAfile root.pem -attime AT \
    -resp_text
cat root.pem certificates.pem > all.pem
openssl crl -inform DER -in crl/1.crl -CAfile all.pem -text -noout
openssl cms -verify -binary -inform DER -in signature.p7m -content DOCUMENT -CAfile root.pem \
    -certfile certificates.pem -purpose any -attime AT -out /dev/null

Signatures of an XML document may cover each other: each was made over the document with the
signatures before it. So the last one is verified in the document as it stands, and each former
one in a copy without the elements ds:Signature that follow it. TIME is as AT, in UTC, for example
2026-11-23 10:00:02.

xmlsec1 --verify --trusted-pem root.pem \
    $(for one in certificates/*.pem; do echo --untrusted-pem $one; done) \
    --verification-gmt-time "TIME" \
    --node-xpath "(//*[local-name()='Signature'])[last()]" signature.xml

A program for RFC 4998 verifies signature.ers over signature.p7m or signature.xml, whose SHA-256
is in the record.

SHA-256 and name of each file, and the numbers of the signers for whom it was obtained:

"""


def write_readme(files: Iterable[tuple[str, tuple[int, ...], str]]) -> str:
    """Return the text, with a line for each file: its name, numbers of signers, and SHA-256."""
    lines = (
        f"{digest}  {name}" + (f"  signer {', '.join(map(str, numbers))}" if numbers else "")
        for name, numbers, digest in files
    )
    return _TEXT + "\n".join(lines) + "\n"
