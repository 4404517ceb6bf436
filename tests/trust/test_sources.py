"""The sources of revocation data for a certificate, and the form of a request."""

from app.cms.x509.certificate import read_certificate
from app.trust.sources import Source, list_sources
from tests import pki
from tests.pki import Holder, crl_at, ocsp_at
from tests.trust.asking import person

NCA = pki.authority()


def sources(who: Holder) -> tuple[Source, ...]:
    return list_sources((read_certificate(who.certificate), read_certificate(NCA.certificate)))


def test_responders_are_asked_before_lists() -> None:
    who = person(crl_at("http://a/1", "https://a/2", "http://a/3"), ocsp_at("http://b/1"))
    found = sources(who)
    assert [source.address for source in found] == ["http://b/1", "http://a/1", "https://a/2"]
    assert [source.question is None for source in found] == [False, True, True]
    assert found[0].limit < found[1].limit


def test_a_question_has_a_name_of_its_own() -> None:
    ivan, anna = (person(ocsp_at("http://b/"), name=name) for name in ("ИВАН", "АННА"))
    names = [source.name for who in (ivan, anna, ivan) for source in sources(who)]
    assert names[0] == names[2] != names[1]
    assert all(name.endswith(".ocsp") for name in names)
    [lists] = sources(person(crl_at("http://b/")))
    assert lists.name.endswith(".crl")


def test_a_certificate_with_broken_extensions_names_no_source() -> None:
    broken = [pki.extension(oid, b"\x30\x03") for oid in ("2.5.29.31", "1.3.6.1.5.5.7.1.1")]
    assert sources(person(*broken)) == ()
    assert sources(person()) == ()
