"""What a certificate claims about its subject, in the profile of the National CA of Kazakhstan.

Claims are no facts: anyone can make a certificate that says the same. They become facts once the
certificate's path was verified. Anomalies are noted and never refused, since the NCA's own test
certificates have some, and those of other CAs follow other profiles.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Literal, TypeAlias

from app.cms.verdict import Reason
from app.cms.x509 import certificate as x509
from app.cms.x509 import names
from app.cms.x509.certificate import Certificate, MalformedExtension
from app.cms.x509.names import Name, read_name

Usage: TypeAlias = Literal["AUTH", "SIGN"]

#: The names of the numbers, by their prefix in a certificate.
_NUMBERS = {"IIN": Reason("IIN"), "BIN": Reason("BIN")}
# Extended key usage: the role of the key's owner. That of an organisation's system may be followed
# by a digit, which distinguishes systems.
ROLES = {
    "1.2.398.3.3.4.1.1": "INDIVIDUAL",
    "1.2.398.3.3.4.1.1.1": "INDIVIDUAL_INFORMATION_SYSTEM",
    "1.2.398.3.3.4.1.2": "ORGANIZATION",
    "1.2.398.3.3.4.1.2.1": "CEO",
    "1.2.398.3.3.4.1.2.2": "CAN_SIGN",
    "1.2.398.3.3.4.1.2.3": "CAN_SIGN_FINANCIAL",
    "1.2.398.3.3.4.1.2.4": "HR",
    "1.2.398.3.3.4.1.2.5": "EMPLOYEE",
    "1.2.398.3.3.4.1.2.6": "ORGANIZATION_INFORMATION_SYSTEM",
    "1.2.398.3.3.4.2": "NCA_PRIVILEGES",
    "1.2.398.3.3.4.2.1": "NCA_ADMIN",
    "1.2.398.3.3.4.2.2": "NCA_MANAGER",
    "1.2.398.3.3.4.2.3": "NCA_OPERATOR",
    "1.2.398.3.3.4.3": "IDENTIFICATION",
    "1.2.398.3.3.4.3.1": "IDENTIFICATION_CON",
    "1.2.398.3.3.4.3.2": "IDENTIFICATION_REMOTE",
    "1.2.398.3.3.4.3.2.1": "IDENTIFICATION_REMOTE_DIGITAL_ID",
    "1.2.398.5.19.1.2.2.1": "TREASURY_CLIENT",
}
_SYSTEM = "1.2.398.3.3.4.1.2.6"

# The NCA's policy, and those below it that until 2022 stated the purpose of a key: .1 and .2 of
# legal entities, .3 and .4 of individuals. Since then one key serves both purposes.
_NCA_POLICY = "1.2.398.3.3.2"
_POLICY_USAGES: dict[str, Usage] = {
    "1.2.398.3.3.2.1": "SIGN",
    "1.2.398.3.3.2.2": "AUTH",
    "1.2.398.3.3.2.3": "SIGN",
    "1.2.398.3.3.2.4": "AUTH",
}
# RFC 5280 section 4.2.1.12: clientAuth and emailProtection.
_PURPOSE_USAGES: dict[str, Usage] = {"1.3.6.1.5.5.7.3.2": "AUTH", "1.3.6.1.5.5.7.3.4": "SIGN"}
_SIGNING = {"digitalSignature", "nonRepudiation"}
_AGREEING = {"keyAgreement", "keyEncipherment"}

_NUMBER = re.compile(r"[0-9]{12}")
_CENTURIES = {"1": 1800, "2": 1800, "3": 1900, "4": 1900, "5": 2000, "6": 2000}
_WEIGHTS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
_OTHER_WEIGHTS = (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2)


@dataclass(frozen=True, slots=True)
class Claims:
    """What a certificate says about its subject, None where it says nothing.

    `iin` is a person's number and `bin` an organisation's, twelve digits each. `roles` are values
    of ROLES, `policies` dotted; `notes` are sentences about anomalies.
    """

    iin: str | None
    bin: str | None
    common_name: str | None
    surname: str | None
    given_name: str | None
    patronymic: str | None
    organisation: str | None
    email: str | None
    country: str | None
    roles: tuple[str, ...]
    usage: tuple[Usage, ...]
    policies: tuple[str, ...]
    # Values of sentences are not hashable; remembered claims are compared by these fields as well.
    notes: tuple[Reason, ...] = field(hash=False)

    @property
    def whole_name(self) -> str | None:
        """The common name, with the patronymic if that is not among its words."""
        return whole_name(self.common_name, self.patronymic)

    @property
    def signs_in_only(self) -> bool:
        """Whether the key is for authentication alone.

        Since 2022 one key of the NCA serves both, so that one for authentication may sign as well.
        """
        return self.usage == ("AUTH",)


def whole_name(common_name: str | None, patronymic: str | None) -> str | None:
    """Return a name as people read it: the NCA has the patronymic in an attribute of its own."""
    words, more = (
        f" {' '.join((text or '').split())} ".casefold() for text in (common_name, patronymic)
    )
    return (
        common_name if more in words else " ".join(filter(None, (common_name, patronymic))) or None
    )


@lru_cache(maxsize=512)
def claims_of(certificate: Certificate) -> Claims:
    """Return the claims of a certificate; the last 512 are remembered."""
    notes: list[Reason] = []
    subject = read_name(certificate.subject)
    if subject.damaged:
        _note(notes, Reason("the name of the holder is damaged"))
    common_name, surname = subject.value(names.COMMON_NAME), subject.value(names.SURNAME)
    given_name, patronymic = _given_names(common_name, surname, subject.value(names.GIVEN_NAME))
    purposes = _list(x509.extended_key_usage, certificate, notes)
    policies = _list(x509.policies, certificate, notes)
    return Claims(
        iin=_number(subject, names.SERIAL_NUMBER, "IIN", notes),
        bin=_number(subject, names.ORGANISATIONAL_UNIT, "BIN", notes),
        common_name=common_name,
        surname=surname,
        given_name=given_name,
        patronymic=patronymic,
        organisation=subject.value(names.ORGANISATION),
        email=_email(certificate, subject, notes),
        country=subject.value(names.COUNTRY),
        roles=_roles(purposes),
        usage=_usage(policies, purposes, _list(x509.key_usage, certificate, notes)),
        policies=policies,
        notes=tuple(notes),
    )


def _note(notes: list[Reason], note: Reason) -> None:
    """Note an anomaly, once."""
    if note not in notes:
        notes.append(note)


def _list(
    read: Callable[[Certificate], Iterable[str] | None],
    certificate: Certificate,
    notes: list[Reason],
) -> tuple[str, ...]:
    """Read an extension that is a list; a broken one counts as empty and is noted."""
    try:
        return tuple(read(certificate) or ())
    except MalformedExtension as error:
        _note(notes, Reason(error.template, error.values))
        return ()


def _number(subject: Name, kind: str, prefix: str, notes: list[Reason]) -> str | None:
    """Return the number that follows a prefix in attributes of one type."""
    found = []
    for text in subject.values(kind):
        if text.startswith(prefix):
            number = text.removeprefix(prefix).strip()
            if _NUMBER.fullmatch(number):
                found.append(number)
            else:
                _note(notes, Reason("{number} is not twelve digits", {"number": _NUMBERS[prefix]}))
    if not found:
        return None
    if len(found) > 1:
        _note(notes, Reason("{number} occurs more than once", {"number": _NUMBERS[prefix]}))
    if not check_number(found[0]):
        _note(notes, Reason("{number} fails its check digit", {"number": _NUMBERS[prefix]}))
    return found[0]


def _given_names(
    common_name: str | None, surname: str | None, attribute: str | None
) -> tuple[str | None, str | None]:
    """Return first name and patronymic.

    The NCA writes surname and first name into the common name, and the patronymic into givenName.
    Other CAs use givenName as defined (X.520 6.1.4): then it repeats what follows the surname.
    """
    words, first = (common_name or "").split(), (surname or "").split()
    rest = " ".join(words[len(first) :])
    if not rest or not first or _folded(words[: len(first)]) != _folded(first):
        return None, attribute
    if attribute and _folded([rest]) == _folded([attribute]):
        return rest, None
    tail = f" {attribute}"
    if attribute and rest.casefold().endswith(tail.casefold()):
        rest = rest[: -len(tail)]
    return rest, attribute


def _folded(words: list[str]) -> list[str]:
    return [word.casefold() for word in words]


def _email(certificate: Certificate, subject: Name, notes: list[Reason]) -> str | None:
    """Return the e-mail address, which older certificates have in the subject."""
    found = _list(x509.subject_alternative_emails, certificate, notes)
    return names.clean(found[0]) or None if found else subject.value(names.EMAIL)


def _roles(purposes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the roles among purposes. Other CAs name none: then they are unknown."""
    found = (ROLES.get(_SYSTEM if oid.startswith(_SYSTEM + ".") else oid) for oid in purposes)
    return tuple(dict.fromkeys(role for role in found if role))


def _usage(
    policies: tuple[str, ...], purposes: tuple[str, ...], usages: tuple[str, ...]
) -> tuple[Usage, ...]:
    """Return whether the key is for signing, for authentication, or both."""
    found: set[Usage] = {_POLICY_USAGES[oid] for oid in policies if oid in _POLICY_USAGES}
    if not found:
        found = {_PURPOSE_USAGES[oid] for oid in purposes if oid in _PURPOSE_USAGES}
        if _NCA_POLICY in policies and _SIGNING.issubset(usages) and _AGREEING.intersection(usages):
            found = {"AUTH", "SIGN"}
    if not found and not purposes and "nonRepudiation" in usages:
        found = {"SIGN"}
    return tuple(sorted(found))


def check_number(number: str) -> bool:
    """Return whether an IIN or a BIN has twelve digits, the last of which checks the others."""
    if not _NUMBER.fullmatch(number):
        return False
    digits = [int(digit) for digit in number]
    for weights in (_WEIGHTS, _OTHER_WEIGHTS):
        check = sum(digit * weight for digit, weight in zip(digits, weights, strict=False)) % 11
        if check < 10:
            return check == digits[11]
    return False


def birthday(iin: str) -> date | None:
    """Return the day of birth that that an IIN starts with, or None if there is no such day."""
    if not _NUMBER.fullmatch(iin) or iin[6] not in _CENTURIES:
        return None
    try:
        return date(_CENTURIES[iin[6]] + int(iin[:2]), int(iin[2:4]), int(iin[4:6]))
    except ValueError:
        return None


def gender(iin: str) -> Literal["male", "female"] | None:
    """Return the sex that the seventh digit of an IIN encodes, or None if it encodes none."""
    if not _NUMBER.fullmatch(iin) or iin[6] not in _CENTURIES:
        return None
    return "male" if int(iin[6]) % 2 else "female"
