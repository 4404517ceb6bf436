"""Evidence packages as anyone may put them together, and the authorities that they are about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from app.cms import SHA_256, read_embedded_certificate, start_record
from app.trust.files import write_pem
from tests import pki
from tests.cms.evidence_records.decades import hashes, tree_of
from tests.pki import DAY, Holder, Revoked
from tests.trust.serving import Site

LONG = datetime(2017, 3, 1, tzinfo=UTC), datetime(2040, 3, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return an archive of these files, as this program writes one."""
    written = BytesIO()
    with ZipFile(written, "w", ZIP_STORED) as archive:
        for name, data in files.items():
            archive.writestr(ZipInfo(name), data)
    return written.getvalue()


def pems(*holders: Holder) -> bytes:
    """Return certificates in PEM."""
    found = [read_embedded_certificate(one.certificate) for one in holders]
    return b"".join(write_pem(one) for one in found if one)


def record_of(data: bytes, moment: datetime, by: Holder) -> bytes:
    """Return an evidence record of one file."""
    group = hashes([data])
    tree = tree_of([group])
    token = pki.timestamp(imprint=tree.root, digest=SHA_256, moment=moment, by=by)
    return start_record(SHA_256, tree.reduce(group), token).der


def signed_now(who: Holder, *, revocation: tuple[bytes, ...] = ()) -> bytes:
    """Sign without a timestamp; revocation data may be embedded."""
    info = pki.signer_info(who, digest=who.key.digest)
    return pki.signed_data([info], [who], revocation=revocation, digests=[who.key.digest])


@dataclass
class Authorities:
    """A root and its authority, whose CRLs a server on this machine has, and those they certify."""

    site: Site

    def __post_init__(self) -> None:
        self.root = pki.certify(
            pki.name("ROOT"), pki.rsa_key("ROOT"), None, pki.AUTHORITY, valid=LONG
        )
        self.nca = self.certify(pki.name("NCA"), pki.AUTHORITY, self.root, "/root.crl")
        ivan = pki.name("ИВАНОВ ИВАН", "900101300017")
        self.ivan = self.certify(ivan, pki.PERSON)
        self.sha1 = self.certify(ivan, pki.PERSON, digest=pki.SHA1)
        self.tsa = self.certify(pki.name("TSA"), pki.STAMPER)
        self.root_crl = pki.crl(self.root, this_update=now() - MINUTE, next_update=now() + DAY)
        self.site.serve("/root.crl", self.root_crl)
        self.serve()

    def certify(
        self,
        subject: bytes,
        extensions: tuple[bytes, ...],
        by: Holder | None = None,
        path: str = "/nca.crl",
        digest: str = pki.SHA256,
    ) -> Holder:
        """Issue a certificate that names the CRL of its issuer."""
        key = pki.rsa_key(f"{subject.hex()} {digest}", digest)
        named = (*extensions, pki.crl_at(self.site.url(path)))
        return pki.certify(subject, key, by or self.nca, named, valid=LONG)

    def serve(self, *revoked: Revoked) -> None:
        """Issue the CRL of the authority anew."""
        made = pki.crl(self.nca, *revoked, this_update=now() - MINUTE, next_update=now() + DAY)
        self.site.serve("/nca.crl", made)

    def lists_of(self, moment: datetime, until: datetime) -> dict[str, bytes]:
        """Return the CRLs of a time, in which nobody was revoked, as files of a package."""
        crls = [
            pki.crl(one, this_update=moment, next_update=until) for one in (self.nca, self.root)
        ]
        return {f"crl/{number}.crl": one for number, one in enumerate(crls, 1)}
