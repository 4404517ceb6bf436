"""Run as a program: a timestamp authority, a responder and CRLs on this machine, with RSA keys.

Arguments: a folder, and the number of signatures. It writes the anchor and the signatures, one a
line, into the folder, and prints the address of the authority when it begins to answer, until its
input ends.
"""

from __future__ import annotations

import sys
from base64 import b64encode
from pathlib import Path

from tests import pki
from tests.evidence.services import Services, running


def write_signatures(services: Services, file: Path, count: int) -> None:
    """Sign as many documents."""
    certificates = [services.person, services.authority]
    with file.open("w") as lines:
        for number in range(count):
            content = f"document {number}".encode()
            info = pki.signer_info(services.person, content)
            encoded = pki.signed_data([info], certificates, content)
            lines.write(b64encode(encoded).decode() + "\n")


def main(folder: str, count: str) -> None:
    """Serve until the input ends."""
    with running() as services:
        services.trust(Path(folder) / "trust")
        write_signatures(services, Path(folder) / "signatures.txt", int(count))
        print(services.site.url("/tsp"), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
