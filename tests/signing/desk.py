"""How the tests of signing put packages into a store, and sign them by their links."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select, update

from app.cms import SignedData, parse
from app.signing.preparing import Store
from app.signing.saving import SavedSigning, sign_document
from app.signing.submission import Method, Submission, read_signature
from app.signing.terms import SigningTerms
from app.store.database.engine import transaction
from app.store.models import Package, PackageDocument
from app.store.packages.links import ALL_DOCUMENTS, LinkTokens
from app.store.packages.signing import AskedSigning, find_signing
from app.store.packages.status import get_package
from app.trust import Trust
from tests import pki
from tests.api import people
from tests.pki import CONTENT
from tests.store.packages import put_package
from tests.store.threads import get

IVAN: Mapping[str, str] = {"iin": people.IIN, "last_name": "ИВАНОВ"}
CHIEF: Mapping[str, str] = {"iin": people.CHIEF_IIN, "bin": people.BIN, "role": "CEO"}
KEY = "5ec7" * 16
SHA256 = sha256(CONTENT).hexdigest()


def signed(*signers: pki.Holder, content: bytes = CONTENT, attached: bool = False) -> str:
    """Return what these people sign, detached unless it is said otherwise."""
    return people.cms(*signers, content=content, attached=attached)


@dataclass
class Desk:
    """A store with an anchor, and packages in it."""

    engine: Engine
    folder: Path
    terms: SigningTerms = field(default_factory=SigningTerms)
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def store(self) -> Store:
        """What signing works with."""
        trust = Trust(self.folder, online=False, cache=self.folder.parent / "cache")
        trusted = trust.trusted(claims=self.terms.accepts_claims)
        return replace(Store(self.engine, trust, trusted, self.terms), **self.more)

    def put(
        self,
        *signers: Mapping[str, str],
        sha256: str | None = SHA256,
        documents: tuple[str, ...] = ("doc",),
        **columns: Any,
    ) -> str:
        """Put a package into the store; return its UUID."""
        values = {"generate_links": True, "link_key": KEY, **columns}
        people_asked = tuple(dict(one) for one in signers or (IVAN, CHIEF))
        public_id = put_package(self.engine, documents, people_asked, **values)
        with transaction(self.engine) as connection:
            added = select(Package.id).where(Package.public_id == public_id).scalar_subquery()
            of_it = update(PackageDocument).where(PackageDocument.package_id == added)
            connection.execute(of_it.values(sha256=sha256))
        return public_id

    def token(self, public_id: str, signer: int = 1, document: int = ALL_DOCUMENTS) -> str:
        """Return the token of a signer's link."""
        with self.engine.connect() as connection:
            links = get_package(connection, public_id, self.store.trusted).links
        assert links
        return LinkTokens(links.package_id, KEY, [signer]).of_document(document)[0]

    def open(self, token: str) -> AskedSigning:
        """Return what a link leads to."""
        with self.engine.connect() as connection:
            found = find_signing(connection, token, self.store.trusted)
        assert found
        return found

    def sign(
        self,
        token: str,
        text: str,
        content: bytes | None = CONTENT,
        *,
        number: int = 1,
        method: Method = "ncalayer",
    ) -> SavedSigning:
        """Send a signature."""
        store = self.store
        signature = read_signature(store.trust.turns, text)
        return sign_document(store, token, Submission(number, signature, method, content))

    def current(self, document: str = "doc") -> SignedData:
        """Return the current version."""
        found = parse(get(self.engine, document).text)
        assert isinstance(found, SignedData)
        return found

    def version(self, document: str = "doc") -> int:
        """Return its number."""
        return get(self.engine, document).version
