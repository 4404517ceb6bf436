"""Invented people whose certificates have roles, what they sign, and servers that trust them."""

import base64
import datetime
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from app.cms.signed_data.parsing import SignedData
from tests import der, pki
from tests.pki import CONTENT, NOT_AFTER, NOT_BEFORE, Holder

AUTH, SIGN = "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.4"
INDIVIDUAL, ORGANIZATION = "1.2.398.3.3.4.1.1", "1.2.398.3.3.4.1.2"
CEO, EMPLOYEE = "1.2.398.3.3.4.1.2.1", "1.2.398.3.3.4.1.2.5"

IIN, CHIEF_IIN, BIN = "900101300017", "850505400010", "050140001234"
COMPANY = 'ТОО "ПРИМЕР"'

#: What is answered to a rule that there is not, in the original's words.
WHICH_RULES = (
    "Rule parameter must be one of iin, bin, auth, sign, individual, employee, ceo, organisation"
)

FUTURE = datetime.datetime(2033, 1, 1, tzinfo=datetime.UTC)
#: When the certificate of `expired` ended.
ENDED = datetime.datetime(2025, 12, 31, tzinfo=datetime.UTC)


def _extensions(purposes: Sequence[str], email: str | None = None) -> list[bytes]:
    found = [
        pki.key_usage("digitalSignature", "nonRepudiation"),
        pki.extended_key_usage(*purposes),
    ]
    if email:
        names = der.sequence(der.implicit(1, email.encode()))
        found.append(pki.extension("2.5.29.17", names))
    return found


@cache
def ivan(
    issuer: Callable[[], Holder] = pki.authority,
    valid: tuple[datetime.datetime, datetime.datetime] = (NOT_BEFORE, NOT_AFTER),
) -> Holder:
    """Return an individual."""
    subject = pki.distinguished_name(
        ("2.5.4.3", "ИВАНОВ ИВАН"),
        ("2.5.4.4", "ИВАНОВ"),
        ("2.5.4.5", f"IIN{IIN}"),
        ("2.5.4.42", "ИВАНОВИЧ"),
    )
    extensions = _extensions((SIGN, INDIVIDUAL), "ivan@example.kz")
    return pki.certify(subject, pki.rsa_key("ИВАНОВ"), issuer(), extensions, valid=valid)


@cache
def chief() -> Holder:
    """Return the head of a company, whose key authenticates too."""
    subject = pki.distinguished_name(
        ("2.5.4.3", "ПЕТРОВА АННА"),
        ("2.5.4.4", "ПЕТРОВА"),
        ("2.5.4.5", f"IIN{CHIEF_IIN}"),
        ("2.5.4.10", COMPANY),
        ("2.5.4.11", f"BIN{BIN}"),
    )
    extensions = _extensions((SIGN, AUTH, ORGANIZATION, CEO))
    return pki.certify(subject, pki.rsa_key("ПЕТРОВА"), pki.authority(), extensions)


@cache
def expired() -> Holder:
    """Return the individual with a certificate that has expired."""
    return ivan(valid=(NOT_BEFORE, ENDED))


@cache
def impostor_authority() -> Holder:
    """Return a self-made authority with the name of the real one."""
    return pki.certify(pki.name("NCA"), pki.rsa_key("impostor"), None, pki.AUTHORITY)


def impostor() -> Holder:
    """Return one who claims to be the individual."""
    return ivan(impostor_authority)


def text(signature: SignedData) -> str:
    """Write a signature as clients send it."""
    return base64.b64encode(signature.der).decode()


@cache
def cms(
    *signers: Holder, content: bytes = CONTENT, attached: bool = True, stamped: bool = False
) -> str:
    """Return what these people sign, in base64."""
    return text(pki.sign(*signers, content=content, attached=attached, stamped=stamped))


def forged_cms(*signers: Holder) -> str:
    """Return what these people would have signed: the signature values are of another content."""
    infos = [pki.signer_info(who, sign=b"another") for who in signers]
    return text(pki.read(pki.signed_data(infos, [*signers, pki.authority()])))


def altered_cms(*signers: Holder) -> str:
    """Return what these people signed, with another content attached."""
    infos = [pki.signer_info(who) for who in signers]
    return text(pki.read(pki.signed_data(infos, [*signers, pki.authority()], b"another")))


def trust(folder: Path, *anchors: Holder) -> Path:
    """Put certificates into a folder, as the operator would."""
    folder.mkdir(exist_ok=True)
    for number, anchor in enumerate(anchors):
        (folder / f"{number}.cer").write_bytes(anchor.certificate)
    return folder


def publish(folder: Path, *revoked: pki.Revoked) -> None:
    """Put a CRL of the authority beside the anchors."""
    crl = pki.crl(pki.authority(), *revoked, this_update=NOT_BEFORE, next_update=FUTURE)
    (folder / "authority.crl").write_bytes(crl)
