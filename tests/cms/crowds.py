"""Certificates of nobody's that use up what a search for paths may try, and what they may hide."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from tests import der, pki
from tests.cms.judging import NCA, ROOT, read
from tests.pki import Holder

_EVIL = pki.rsa_key("evil")
_X = pki.name("X")
NOBODY = pki.certify(_X, _EVIL, None, pki.AUTHORITY)


@cache
def another_after_nca() -> Holder:
    """Return another certificate of the NCA's key, by the root, which is tried after it."""
    [good] = read(NCA)
    for number in range(77, 10_000):  # One in a hundred runs needs hundreds.
        other = pki.certify(NCA.subject, NCA.key, ROOT, pki.AUTHORITY, serial=number)
        if read(other)[0].fingerprint > good.fingerprint:
            return other
    raise AssertionError


@cache
def junk(twins: int = 4, above: int = 16, of: Holder = ROOT) -> tuple[Holder, ...]:
    """Return certificates with the name and key of an authority, and what they may lead to.

    They have its key identifier. Nobody has signed any.
    """
    key = replace(_EVIL, public=of.key.public)
    identifier = pki.extension("2.5.29.14", der.octets(of.key.identifier))
    fakes = [
        pki.certify(
            of.subject,
            key,
            NOBODY,
            [*pki.AUTHORITY, identifier],
            serial=5000 + n,
            identified=False,
        )
        for n in range(twins)
    ]
    others = [
        pki.certify(
            _X,
            pki.rsa_key(f"k{n % 3}"),
            None,
            pki.AUTHORITY,
            serial=6000 + n,
            forged=True,
            identified=False,
        )
        for n in range(above)
    ]
    return (*fakes, *others)
