"""The certificates of Kazakhstan's CAs that `flask trust add` accepts without a fingerprint.

Only production CAs. The NCA's test CAs are left out on purpose: anyone can get a certificate from
them.
"""

from dataclasses import dataclass

#: Where the fingerprints come from. They were not compared with those that pki.gov.kz publishes.
SOURCE = "the public repository vturekhanov/edscheck-desktop"


@dataclass(frozen=True, slots=True)
class Pinned:
    """A known certificate: the common name of its subject, and the source of the fingerprint."""

    subject: str
    source: str


_NCA = "ҰЛТТЫҚ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ"
_ROOT = "НЕГІЗГІ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ"

#: SHA-256 of a certificate (DER), hex -> its entry.
PINNED = {
    fingerprint: Pinned(subject, SOURCE)
    for fingerprint, subject in {
        # CAs that issue to persons and organisations.
        "908521d0531e5645e64b34d3588374a3a83582c860e5f7293a04c41217e8cc18": f"{_NCA} (GOST)",
        "32c7d233a42703a327f3025543a05b930e3f39a786c68dfa196baa86d5618524": f"{_NCA} (GOST) 2022",
        "34d1b311a9873191ae3382805df51e0a5da23315c512a8deeb885668ceeb5834": f"{_NCA} (RSA)",
        "84fb799a66140950818c056a5d9730acc2a7622cdd4ef0d47113b132fb892905": f"{_NCA} (RSA) 2022",
        # The roots above them; those of 2015 and 2020 have the same names.
        "9ab210e54e6b0343321131202d9edcc2598f598cfdd9ee4ec1056021ab2e9759": f"{_ROOT} (GOST)",
        "c48164ab5ccaaee6b938299a1e3aeebd6f698bb2bd716a0f0d85befc46166aa2": f"{_ROOT} (GOST)",
        "af77725f8328bb24f89d81da3acdf7cee4324248538b7ba2cd2a860517fb9dca": f"{_ROOT} (GOST) 2022",
        "a7064abc5699827f370c67b09f1a1bfd7ad5e1514d471223df209c08300ea972": f"{_ROOT} (RSA)",
        "9ba06354b626641715182e4d07c9dbaa1777720fa795d03174ffc68876535dcd": f"{_ROOT} (RSA)",
        # Other CAs under the same roots.
        "74bb80edf34f4594e5e69b79029c64214e67630e3d16b82f952ab6e5956c5fa8": "BTSD CA",
        "eb5a5318299db447a46619d2a541f026b52c1fce8a1d371262da8f6f2d7bb6f5": (
            "Удостоверяющий центр Государственных органов"
        ),
    }.items()
}
