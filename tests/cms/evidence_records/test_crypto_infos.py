"""What proves the timestamps of a record, inside it: bounded, and read whatever is broken."""

from datetime import UTC, datetime

import pytest

from app.cms.evidence_records.crypto_infos import (
    CERTIFICATE_VALUES,
    CryptoInfos,
    add_crypto_infos,
    read_crypto_infos,
)
from app.cms.evidence_records.reading import read_record
from app.cms.evidence_records.record import EvidenceRecord
from app.cms.revocation.values import REVOCATION_VALUES
from tests import der, pki
from tests.cms.evidence_records.decades import Archive, root

DAY = datetime(2026, 1, 1, tzinfo=UTC)


def record() -> EvidenceRecord:
    return Archive().start(2025, 2024).records["doc-1"]


def crl(entries: int) -> bytes:
    if not entries:
        return pki.crl(root(), this_update=DAY, next_update=DAY)
    return pki.large_crl(root(), entries, this_update=DAY, next_update=DAY)


def test_each_part_is_there_once_and_read_again() -> None:
    response = pki.ocsp(root(), 1, this_update=DAY)
    certificate = root().certificate
    whole = add_crypto_infos(record(), [certificate] * 2, [response], [crl(0)])
    infos = read_crypto_infos(read_record(whole.der))
    assert [one.der for one in infos.certificates] == [certificate]
    assert sorted(type(one).__name__ for one in infos.found) == ["CertificateList", "OcspResponse"]
    # What is there is replaced.
    assert add_crypto_infos(whole, [], [], []) == record()
    assert read_crypto_infos(record()) == CryptoInfos()


def test_a_crl_that_is_too_large_is_left_out_and_the_rest_is_there() -> None:
    small, middle, large = crl(0), crl(10_000), crl(100_000)
    whole = add_crypto_infos(record(), [root().certificate], [], [large, middle, small])
    infos = read_crypto_infos(read_record(whole.der))
    assert len(infos.certificates) == 1
    assert [bytes(one.der) for one in infos.found] == [small, middle]


@pytest.mark.parametrize(
    "attributes",
    [
        b"",
        der.NULL,
        der.sequence(der.oid(CERTIFICATE_VALUES)),
        der.attribute("1.2.3.4", der.NULL),
        der.attribute(CERTIFICATE_VALUES, der.sequence(der.NULL)),
        der.attribute(REVOCATION_VALUES, der.sequence(der.explicit(0, der.sequence(der.NULL)))),
        der.attribute(REVOCATION_VALUES, der.NULL),
    ],
)
def test_what_cannot_be_read_is_left_out(attributes: bytes) -> None:
    damaged = EvidenceRecord((), (), der.explicit(0, attributes))
    assert read_crypto_infos(damaged) == CryptoInfos()
