"""The pinned fingerprints are those of the real certificates, where these are at hand."""

import re
from pathlib import Path

import pytest

from app.cms.path.rules import title
from app.trust.adding import approve
from app.trust.errors import RefusedCertificate
from app.trust.files import read_certificates
from app.trust.fingerprints import PINNED

CERTIFICATES = Path(__file__).parents[2].parent / "shared" / "vectors" / "ca"


def test_fingerprints_are_written_as_they_are_computed() -> None:
    assert len(PINNED) == 11
    assert all(re.fullmatch(r"[0-9a-f]{64}", fingerprint) for fingerprint in PINNED)


@pytest.mark.skipif(not CERTIFICATES.is_dir(), reason="the real certificates are not there")
def test_the_real_certificates_are_pinned_and_test_authorities_are_not() -> None:
    found = {}
    for file in CERTIFICATES.glob("*.cer"):
        [certificate] = read_certificates(file.read_bytes())
        if file.name.startswith("test_"):
            with pytest.raises(RefusedCertificate, match="its fingerprint is not known here"):
                approve(certificate, None)
        else:
            assert approve(certificate, None)
            found[certificate.fingerprint] = title(certificate.subject)
    assert found == {fingerprint: pinned.subject for fingerprint, pinned in PINNED.items()}
