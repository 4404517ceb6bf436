"""Certificate revocation lists (RFC 5280 section 5), read in place: the NCA's are megabytes large.

Entries are found without reading all of them (`app.cms.revocation.crl_index`). A large list may be
a file that is mapped into memory, with an index that all processes share (`app.trust.crl_files`).
"""

import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import cast

from app.cms.algorithms.registry import PublicKey, name
from app.cms.asn1.node import DAMAGE, Node, unscanned_node
from app.cms.asn1.tags import BIT_STRING, EXPLICIT_0, GENERALIZED_TIME, INTEGER, SEQUENCE, UTC_TIME
from app.cms.budget import FREE, Budget, is_slow, refuse_list
from app.cms.errors import CmsError, TooCostly
from app.cms.revocation.crl_entries import CERTIFICATE_HOLD, REMOVE_FROM_CRL, Revoked, read_entry
from app.cms.revocation.crl_index import Buffer
from app.cms.revocation.crl_search import EntrySearch, Index
from app.cms.revocation.distribution_points import addresses, directories, points_of
from app.cms.revocation.origins import OPERATOR, Origin
from app.cms.x509 import certificate as x509
from app.cms.x509.certificate import Certificate, MalformedExtension
from app.cms.x509.extensions import read_distribution_points
from app.cms.x509.names import EMPTY

_ISSUING_DISTRIBUTION_POINT = "2.5.29.28"
_DELTA = "2.5.29.27"
_NUMBER = "2.5.29.20"
_FRESHEST = "2.5.29.46"
_AUTHORITY_KEY_IDENTIFIER = "2.5.29.35"
_KNOWN = {_ISSUING_DISTRIBUTION_POINT, _DELTA, _FRESHEST, _AUTHORITY_KEY_IDENTIFIER}
# IssuingDistributionPoint (section 5.2.5).
_POINT, _ONLY_USERS, _ONLY_AUTHORITIES = 0xA0, 0x81, 0x82
_ONLY_SOME_REASONS, _INDIRECT, _ONLY_ATTRIBUTES = 0x83, 0x84, 0x85
#: Bytes of a list that may be hashed in plain Python, at 2.5 s for a megabyte of GOST.
MAX_SLOW_SIZE = 2 * 1024 * 1024
# Serial numbers whose entries one CRL remembers.
_MAX_REMEMBERED = 4096


class MalformedRevocation(CmsError):
    """The bytes are no CRL, or no OCSP response, that can be read."""


class CertificateList:
    """A CRL. `issuer` is an encoded Name; times are in UTC; `next_update` may be None.

    `algorithm` is the one that it is signed with.
    """

    def __init__(
        self, der: Buffer, index: Index | None = None, *, origin: Origin = OPERATOR
    ) -> None:
        """Read all but the entries. Raises MalformedRevocation.

        `index` is called for the index of the entries each time that a serial number is searched.
        """
        #: Where it comes from; may be set after it was fetched.
        self.origin = origin
        self._keys: dict[bytes, bool] = {}
        self._lock = threading.Lock()
        self._found: dict[int, tuple[Revoked, ...]] = {}
        self._data = der
        try:
            span = self._read(der)
        except DAMAGE as error:
            raise MalformedRevocation("the CRL is malformed") from error
        self._search = EntrySearch(der, span, index)

    def _read(self, der: Buffer) -> tuple[int, int]:
        """Read a CertificateList in DER, and return where its entries are.

        It was not scanned before: `Node` checks its bounds.
        """
        # A mapped file is read as bytes are: by offsets and slices.
        outermost = unscanned_node(cast(bytes, der))
        if outermost.size != len(der):
            raise ValueError("cut, or followed by something")
        whole = outermost.fields(3)
        tbs = whole.take(SEQUENCE)
        self.algorithm = whole.take(SEQUENCE).algorithm()
        self._signature = whole.take(BIT_STRING).bits()
        fields = tbs.fields()
        fields.optional(INTEGER)
        fields.take(SEQUENCE)
        self.issuer = fields.take(SEQUENCE).encoded
        self.this_update = fields.take(UTC_TIME, GENERALIZED_TIME).time()
        next_update = fields.optional(UTC_TIME, GENERALIZED_TIME)
        self.next_update = next_update.time() if next_update else None
        entries = fields.optional(SEQUENCE)
        extensions = fields.optional(EXPLICIT_0)
        fields.end()
        self._extensions = extensions.only().extensions() if extensions else {}
        self._tbs = tbs
        #: cRLNumber, and BaseCRLNumber of a delta CRL (sections 5.2.3 and 5.2.4); None if absent.
        self.number = self._read_number(_NUMBER)
        self.base_number = self._read_number(_DELTA)
        return entries.contents_span if entries else (0, 0)

    def _read_number(self, oid: str) -> int | None:
        """Read the number in an extension. Raises one of DAMAGE."""
        if oid not in self._extensions:
            return None
        return unscanned_node(self._extensions[oid][1]).integer()

    @property
    def der(self) -> Buffer:
        """All of it, as it was given."""
        return self._data

    @property
    def usable(self) -> bool:
        """Whether it has no unknown critical extension, and is not about other issuers."""
        critical = {oid for oid, (flag, _) in self._extensions.items() if flag}
        return critical <= _KNOWN and not self._scope().keys() & {_INDIRECT}

    def is_signed_by(self, key: PublicKey, budget: Budget = FREE) -> bool:
        """Return whether the holder of `key` signed it; each answer is remembered.

        Raises UnsupportedAlgorithm or TooCostly.
        """
        with self._lock:  # A second caller need not hash 25 MB again.
            if key.der not in self._keys:
                digest = partial(self._hash, budget)
                self._keys[key.der] = budget.verify_signature(
                    key, self.algorithm, None, digest, self._signature
                )
            return self._keys[key.der]

    def _hash(self, budget: Budget, oid: str) -> bytes:
        """Hash what is signed, in place, while other threads run. Raises as `Budget.digest`.

        The size is limited for every budget: plain Python takes a minute for 25 MB.
        """
        start, stop = self._tbs.span
        if stop - start > MAX_SLOW_SIZE and is_slow(oid):
            raise refuse_list(oid)
        with memoryview(self._data) as whole, whole[start:stop] as signed:
            try:
                return budget.digest(oid, signed)
            except TooCostly as error:
                raise TooCostly(
                    "a CRL in the signature is too large to be checked here ({algorithm})",
                    algorithm=name(self.algorithm.oid),
                ) from error

    @property
    def has_unknown_entry(self) -> bool:
        """Whether an entry, of any number, has a critical extension that is not processed here.

        Known only after a search for a serial number.
        """
        return self._search.has_unknown

    def pay_for_search(self, serial_number: int, budget: Budget) -> None:
        """Pay for a search that isn't remembered. Raises TooCostly."""
        if budget is not FREE and serial_number not in self._found:
            self._search.pay(serial_number, budget)

    def find(self, serial_number: int) -> Revoked | None:
        """Return the earliest entry of that serial number, without those that remove a hold.

        If one of several entries is final, so is the revocation, from the date of the earliest
        entry. Answers are remembered. Raises MalformedRevocation if an entry can't be read.
        """
        entries = [one for one in self._entries(serial_number) if one.reason != REMOVE_FROM_CRL]
        if not entries and not self.is_delta and self._entries(serial_number):
            raise MalformedRevocation("a complete CRL has an entry with removeFromCRL")
        first = min(entries, key=lambda entry: entry.when, default=None)
        final = [one for one in entries if one.reason != CERTIFICATE_HOLD]
        if first is None or not final or first.reason != CERTIFICATE_HOLD:
            return first
        return replace(min(final, key=lambda entry: entry.when), when=first.when)

    def removes(self, serial_number: int) -> bool:
        """Return whether a delta CRL removes what its base says of that number (section 5.3.1).

        Raises MalformedRevocation as `find` does.
        """
        reasons = {entry.reason for entry in self._entries(serial_number)}
        return self.is_delta and reasons == {REMOVE_FROM_CRL}

    def _entries(self, serial_number: int) -> tuple[Revoked, ...]:
        if serial_number not in self._found:
            found = tuple(self._read_entries(serial_number))
            if len(self._found) >= _MAX_REMEMBERED:
                return found
            self._found[serial_number] = found
        return self._found[serial_number]

    def _read_entries(self, serial_number: int) -> Iterator[Revoked]:
        """Read the entries of a serial number. Raises MalformedRevocation."""
        try:
            for offset in self._search.find_offsets(serial_number):
                fields = self._tbs.at(offset).fields(3)
                number = fields.take(INTEGER).contents
                if int.from_bytes(number, "big", signed=True) == serial_number:
                    yield read_entry(fields)
        except DAMAGE as error:
            raise MalformedRevocation("an entry of the CRL is malformed") from error

    def is_delta_of(self, base: "CertificateList") -> bool:
        """Return whether both may be combined, as `base` with later changes (section 5.2.4).

        The caller has found both by the name of the same issuer.
        """
        if self.base_number is None or self.number is None:
            return False
        if base.is_delta or base.number is None:
            return False
        return self.base_number <= base.number < self.number and self.scope == base.scope

    @property
    def is_delta(self) -> bool:
        """Whether it contains only changes since another list (section 5.2.4).

        Order 522 of Kazakhstan marks delta CRLs by a critical FreshestCRL, which RFC 5280 doesn't
        allow (section 5.2.6). Such a list does not say what it changes, so it can only prove a
        revocation.
        """
        is_critical, _ = self._extensions.get(_FRESHEST, (False, b""))
        return is_critical or _DELTA in self._extensions

    @property
    def delta_urls(self) -> tuple[str, ...]:
        """Addresses where its delta CRLs are published (section 5.2.6)."""
        is_critical, der = self._extensions.get(_FRESHEST, (False, b""))
        try:
            return read_distribution_points(der) if der and not is_critical else ()
        except DAMAGE:
            return ()

    @property
    def scope(self) -> tuple[bytes, bytes]:
        """What a delta CRL has in common with its base: distribution point and key identifier."""
        _, point = self._extensions.get(_ISSUING_DISTRIBUTION_POINT, (False, b""))
        _, key = self._extensions.get(_AUTHORITY_KEY_IDENTIFIER, (False, b""))
        return point, key

    def covers(self, certificate: Certificate) -> bool:
        """Return whether the CRL covers this certificate, for all reasons (section 5.2.5)."""
        scope = self._scope()
        if scope.keys() & {_ONLY_SOME_REASONS, _ONLY_ATTRIBUTES}:
            return False
        try:
            constraints = x509.basic_constraints(certificate)
            is_authority = constraints is not None and constraints.ca
            if scope.keys() & {_ONLY_USERS if is_authority else _ONLY_AUTHORITIES}:
                return False
            if _POINT not in scope:
                return True
            point = scope[_POINT]
            return bool(
                addresses(point) & set(x509.complete_crl_urls(certificate))
                or directories(point, self.issuer) & points_of(certificate)
            )
        except (MalformedExtension, *DAMAGE):
            return not scope

    def _scope(self) -> dict[int, Node]:
        """Return the fields of IssuingDistributionPoint.

        If they can't be read, the CRL counts as indirect.
        """
        if _ISSUING_DISTRIBUTION_POINT not in self._extensions:
            return {}
        whole = unscanned_node(EMPTY)
        try:
            whole = unscanned_node(self._extensions[_ISSUING_DISTRIBUTION_POINT][1])
            fields = whole.expect(SEQUENCE).children()
            return {
                field.tag: field for field in fields if field.tag == _POINT or any(field.contents)
            }
        except DAMAGE:
            return {_INDIRECT: whole}
