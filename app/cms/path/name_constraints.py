"""Names for which the CAs of a path may issue (RFC 5280 sections 4.2.1.10 and 6.1.3).

RFC 5280 accumulates what all CAs permit and what any excludes. Checking each certificate against
each CA above it gives the same result, and needs no intersections of subtrees.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from app.cms.asn1.node import DAMAGE, Node, read_node
from app.cms.asn1.tags import OBJECT_IDENTIFIER, SEQUENCE, SET
from app.cms.budget import Budget
from app.cms.errors import TooCostly
from app.cms.path.general_names import (
    DIRECTORY,
    EMAIL,
    OTHER_NAME,
    GeneralName,
    is_beyond,
    is_within,
    read_general_name,
)
from app.cms.path.rules import doubt_broken, title
from app.cms.verdict import YES, Answer, Verdict, every, no, unknown
from app.cms.x509 import certificate as x509
from app.cms.x509 import names
from app.cms.x509.certificate import Certificate, MalformedExtension
from app.cms.x509.names import EMPTY

# Certificates whose names, or constraints, are remembered.
_REMEMBERED = 64
# Names in one certificate: more than fit into its 16 KB.
_MAX_NAMES = 1 << 14
# Cost of reading a byte of an extension, and of comparing two names, in the unit of `budget`.
_COST_OF_BYTE = 2
_COST_OF_COMPARISON = 4

_PERMITTED, _EXCLUDED = 0xA0, 0xA1
_MINIMUM = b"\x80\x01\x00"
# The type of an otherName that holds a mailbox in Unicode (RFC 8398 section 3).
_SMTP_UTF8_MAILBOX = bytes.fromhex("06082b06010505070809")


@dataclass(frozen=True, slots=True)
class _Subtree:
    """A base; `understood` unless it has a minimum or maximum that RFC 5280 doesn't allow."""

    base: GeneralName
    understood: bool

    def contains(self, name: GeneralName) -> bool | None:
        return is_within(name, self.base) if self.understood else None


@dataclass(frozen=True, slots=True)
class _Constraints:
    """What one CA permits and excludes, by kind of name."""

    permitted: Mapping[int, Sequence[_Subtree]]
    excluded: Mapping[int, Sequence[_Subtree]]

    def of(self, kind: int) -> int:
        """Return the number of constraints on a kind of name."""
        return len(self.permitted.get(kind, ())) + len(self.excluded.get(kind, ()))

    def judge(self, name: GeneralName) -> Answer:
        """Return whether the CA may issue for a name."""
        if not self.of(name.kind):
            mailbox = name.kind == OTHER_NAME and name.value.startswith(_SMTP_UTF8_MAILBOX)
            return Answer.UNKNOWN if mailbox and self.of(EMAIL) else Answer.YES
        if is_beyond(name):
            return Answer.NO
        excluded = {one.contains(name) for one in self.excluded.get(name.kind, ())}
        if True in excluded:
            return Answer.NO
        permitted = {one.contains(name) for one in self.permitted.get(name.kind, ())}
        if permitted == {False}:
            return Answer.NO
        doubtful = None in excluded or (permitted and True not in permitted)
        return Answer.UNKNOWN if doubtful else Answer.YES


def check_names(chain: Sequence[Certificate], budget: Budget) -> Verdict:
    """Check that each CA of a chain, the anchor too, may issue for the names below it.

    A self-issued certificate is exempt, unless it is the signer's. What can't be read or compared,
    or not within the budget, makes the answer unknown.
    """
    verdicts = []
    for position, issuer in enumerate(chain[1:], 1):
        if x509.NAME_CONSTRAINTS not in issuer.extensions and not issuer.extensions_damaged:
            continue
        subjects = [chain[0], *(one for one in chain[1:position] if not one.self_issued)]
        try:
            budget.spend(_COST_OF_BYTE * sum(len(one.der) for one in (issuer, *subjects)))
            constraints = _read_constraints(issuer)
            verdicts += [_check(constraints, issuer, subject, budget) for subject in subjects]
        except MalformedExtension as error:
            verdicts.append(doubt_broken(issuer, error))
        except TooCostly as error:
            verdicts.append(unknown(error.template, **error.values))
    return every(*verdicts)


def _check(
    constraints: _Constraints, issuer: Certificate, subject: Certificate, budget: Budget
) -> Verdict:
    """Check the names of one certificate; one reason is enough. Raises TooCostly."""
    try:
        listed = _read_names(subject)
    except MalformedExtension as error:
        return doubt_broken(subject, error)
    kinds = Counter(name.kind for name in listed)
    budget.spend(
        _COST_OF_COMPARISON * sum(count * constraints.of(kind) for kind, count in kinds.items())
    )
    doubtful: GeneralName | None = None
    for name in listed:
        answer = constraints.judge(name)
        if answer is Answer.NO:
            return no(
                "the name constraints of {authority} do not permit the name {name} of {subject}",
                authority=title(issuer.subject),
                name=str(name),
                subject=title(subject.subject),
            )
        if answer is Answer.UNKNOWN:
            doubtful = doubtful or name
    if doubtful is None:
        return YES
    return unknown(
        "whether the name constraints of {authority} permit the name {name} of {subject} can't be "
        "determined here",
        authority=title(issuer.subject),
        name=str(doubtful),
        subject=title(subject.subject),
    )


@lru_cache(maxsize=_REMEMBERED)
def _read_names(certificate: Certificate) -> tuple[GeneralName, ...]:
    """Return the names of a subject: the subject field and SubjectAltName.

    E-mail addresses in the subject field count if SubjectAltName is missing. Raises
    MalformedExtension.
    """
    subject = [GeneralName(DIRECTORY, certificate.subject)] if certificate.subject != EMPTY else []
    others = x509.read_extension(certificate, x509.SUBJECT_ALTERNATIVE_NAME, _read_general_names)
    if others is not None:
        return (*subject, *others)
    return (*subject, *_read_emails(certificate.subject))


def _read_emails(subject: bytes) -> Iterator[GeneralName]:
    """Return the values of emailAddress in a Name, whatever type of string they are in."""
    try:
        for relative in read_node(subject).children(_MAX_NAMES) if subject != EMPTY else ():
            for attribute in relative.expect(SET).children(_MAX_NAMES):
                fields = attribute.fields(2)
                if fields.take(OBJECT_IDENTIFIER).identifier() == names.EMAIL:
                    yield GeneralName(EMAIL, fields.rest()[0].contents)
    except DAMAGE:
        yield GeneralName(EMAIL, b"?")  # Any string type.


def _read_general_names(extension: bytes) -> list[GeneralName]:
    return [read_general_name(node) for node in read_node(extension).children(_MAX_NAMES)]


@lru_cache(maxsize=_REMEMBERED)
def _read_constraints(issuer: Certificate) -> _Constraints:
    """Read NameConstraints. Raises MalformedExtension."""
    found = x509.read_extension(issuer, x509.NAME_CONSTRAINTS, _read_name_constraints)
    return found or _Constraints({}, {})


def _read_name_constraints(extension: bytes) -> _Constraints:
    """Read NameConstraints, one of whose fields must be there. Raises one of DAMAGE."""
    fields = read_node(extension).fields(2)
    permitted, excluded = fields.optional(_PERMITTED), fields.optional(_EXCLUDED)
    fields.end()
    if permitted is None and excluded is None:
        raise ValueError("no constraint")
    return _Constraints(_read_subtrees(permitted), _read_subtrees(excluded))


def _read_subtrees(subtrees: Node | None) -> dict[int, list[_Subtree]]:
    """Read GeneralSubtrees, by kinds of names. Raises one of DAMAGE."""
    found: dict[int, list[_Subtree]] = {}
    for subtree in subtrees.children(_MAX_NAMES) if subtrees else ():
        base, *limits = subtree.expect(SEQUENCE).children(3)
        name = read_general_name(base)
        understood = all(limit.encoded == _MINIMUM for limit in limits)
        found.setdefault(name.kind, []).append(_Subtree(name, understood))
    return found
