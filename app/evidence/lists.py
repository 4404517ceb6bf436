"""CRLs that are downloaded as evidence: each once for all that need it, into a file.

One of the NCA has 22 MB. It is streamed into a file without a name and mapped from there, so that
several at once take little memory of the process, and it is parsed and hashed once.
"""

from __future__ import annotations

import mmap
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO, Final, NamedTuple

from app.cms import CertificateList, MalformedRevocation, Reason
from app.evidence.network import Network, Unavailable
from app.store.evidence.keeping import MAX_SIZE
from app.trust.errors import UnreadableFile
from app.trust.files import copy_crl
from app.trust.sources import Source

#: Seconds for which a CRL is used for further certificates.
REUSED: Final = 600.0
#: CRLs that are held at most, and bytes of all of them.
HELD, MAX_HELD = 8, 64 * 1024 * 1024
# A file of up to this size is read, not mapped.
_SMALL: Final = 64 * 1024


class Held(NamedTuple):
    """A CRL that was downloaded, and until when it is used, by `time.monotonic`."""

    found: CertificateList
    size: int
    until: float


@dataclass(slots=True)
class Lists:
    """The CRLs that were downloaded lately, by their addresses. Thread-safe."""

    _held: dict[str, Held] = field(default_factory=dict)
    #: For each address that is being asked, the lock of who asks, and how many wait for it.
    _asking: dict[str, tuple[threading.Lock, int]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(
        self, source: Source, network: Network, *, unlike: CertificateList | None = None
    ) -> CertificateList:
        """Return the CRL of a source: one that was downloaded minutes ago, or a new one.

        Args:
            source: an address that has a CRL.
            network: by which it is downloaded.
            unlike: a CRL that is known to be outdated, and not to be returned again unless the
                address still has it.

        Raises:
            Unavailable: there is none.
            MalformedRevocation: it can't be read.
        """
        with self._turn(source.address, network):
            held = self._find(source.address)
            if held is not None and held.found is not unlike:
                return held.found
            found, size = _download(source, network)
            self._hold(source.address, Held(found, size, time.monotonic() + REUSED))
            return found

    def _find(self, address: str) -> Held | None:
        with self._lock:
            held = self._held.get(address)
        return held if held and held.until > time.monotonic() else None

    def _hold(self, address: str, held: Held) -> None:
        """Hold a CRL, and forget the oldest beyond the limits, and all whose time is over."""
        now = time.monotonic()
        with self._lock:
            self._held.pop(address, None)
            kept = {name: one for name, one in self._held.items() if one.until > now}
            kept[address] = held
            while len(kept) > HELD or sum(one.size for one in kept.values()) > MAX_HELD:
                del kept[next(iter(kept))]
            self._held = kept

    @contextmanager
    def _turn(self, address: str, network: Network) -> Iterator[None]:
        """Wait while another thread asks the same address. Raises Unavailable."""
        with self._lock:
            lock, waiting = self._asking.get(address, (threading.Lock(), 0))
            self._asking[address] = lock, waiting + 1
        try:
            if not lock.acquire(timeout=max(network.seconds_left, 0)):
                raise Unavailable(Reason("{address} does not answer in time", {"address": address}))
            try:
                yield
            finally:
                lock.release()
        finally:
            with self._lock:
                lock, waiting = self._asking.pop(address)
                if waiting > 1:
                    self._asking[address] = lock, waiting - 1


def _download(source: Source, network: Network) -> tuple[CertificateList, int]:
    """Download a CRL in DER or PEM. Raises Unavailable or MalformedRevocation."""
    try:
        with tempfile.TemporaryFile() as received:
            network.fetch(source.address, min(source.limit, MAX_SIZE), into=received)
            received.seek(0)
            if received.read(1) == b"\x30":
                return _read(received)
            received.seek(0)
            with tempfile.TemporaryFile() as decoded:
                copy_crl(received, decoded, MAX_SIZE)
                return _read(decoded)
    except UnreadableFile as error:
        raise MalformedRevocation("the CRL is malformed") from error
    except OSError as error:
        place = {"address": source.address, "why": error.strerror or type(error).__name__}
        raise Unavailable(
            Reason("the response of {address} can't be written: {why}", place)
        ) from error


def _read(file: BinaryIO) -> tuple[CertificateList, int]:
    """Map a CRL in DER, and return it with its size. Raises MalformedRevocation."""
    file.flush()
    size = file.seek(0, 2)
    file.seek(0)
    if size <= _SMALL:
        return CertificateList(file.read()), size
    return CertificateList(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)), size
