"""A card made again in another process: `python -m tests.pdf.remaking FOLDER` prints its digest."""

from __future__ import annotations

import hashlib
import sys
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from app.cms import Verifier, parse_der, read_embedded_certificate
from app.pdf.cards.contents import Card, CardSignature, Original
from app.pdf.cards.making import make_card
from app.wording.sentences import Wording


def remake(folder: Path) -> bytes:
    """Make a card of the files in a folder."""
    at = datetime.fromisoformat((folder / "time.txt").read_text())
    content = (folder / "content").read_bytes()
    anchors = filter(None, [read_embedded_certificate((folder / "root.der").read_bytes())])
    verifier = Verifier(anchors)
    signatures = []
    for file in sorted(folder.glob("*.cms")):
        signature = parse_der(file.read_bytes())
        [status] = verifier.verify(signature, content, at=at)
        signatures.append(CardSignature(signature, status))
    card = Card(Original("a.txt", content), tuple(signatures), "contract-7", at, "Tanbahana")
    return make_card(card, Wording("kk", ZoneInfo("Asia/Almaty")))


if __name__ == "__main__":
    sys.stdout.write(hashlib.sha256(remake(Path(sys.argv[1]))).hexdigest())
