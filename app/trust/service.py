"""The one verifier of a server or a command: what the operator put at its disposal."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from app.cms.signed_data import SignedCms
from app.cms.signed_xml import SignedXml
from app.cms.status import SignerStatus, Verdict
from app.cms.verification import Verifier
from app.cms.x509 import Certificate


class Trust:
    """Verifies against the anchors and revocation data of a folder."""

    def __init__(self, folder: Path, *, online: bool, cache: Path) -> None:
        self.folder = folder
        self.online = online
        self.cache = cache

    def verify(
        self,
        signature: SignedCms | SignedXml,
        content: bytes | None = None,
        *,
        at: datetime,
        fetch: bool = False,
    ) -> tuple[SignerStatus, ...]:
        """Verify each signer; see `Verifier.verify`. `fetch` allows the network, if settings do."""
        return self._verifier().verify(signature, content, at=at)

    def verify_certificate(
        self, certificate: Certificate, *, at: datetime, fetch: bool = False
    ) -> tuple[Verdict, Verdict]:
        """Judge a bare certificate: its path, and revocation."""
        return self._verifier().verify_certificate(certificate, at=at)

    def _verifier(self) -> Verifier:
        return Verifier()
