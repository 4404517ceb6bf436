"""The sources of revocation data for a certificate, and the form of a request."""

from asn1crypto import ocsp as asn1_ocsp

from app.cms.x509.certificate import read_certificate
from app.trust.sources import Source, list_sources, write_certificate_id, write_request
from tests import gost_signer, pki
from tests.pki import Holder, crl_at, ocsp_at
from tests.trust.asking import person

NCA = pki.authority()


def sources(who: Holder) -> tuple[Source, ...]:
    return list_sources((read_certificate(who.certificate), read_certificate(NCA.certificate)))


def test_a_request_names_the_certificate_as_responders_do() -> None:
    authority = pki.root("GOST", pki.gost_key("authority", gost_signer.GOST_2015_512))
    for issuer, serial in ((NCA, 1), (NCA, 2**159), (authority, -5)):
        who = pki.certify(pki.name("P"), pki.rsa_key("P"), issuer, pki.PERSON, serial=serial)
        link = (read_certificate(who.certificate), read_certificate(issuer.certificate))
        request = write_request(write_certificate_id(link), b"nonce")
        parsed = asn1_ocsp.OCSPRequest.load(request, strict=True)
        [one] = parsed["tbs_request"]["request_list"]
        assert one["req_cert"].dump() == pki.certificate_id(issuer, serial, pki.SHA256)
        [nonce] = parsed["tbs_request"]["request_extensions"]
        assert (nonce["extn_id"].native, nonce["extn_value"].parsed.native) == ("nonce", b"nonce")


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
