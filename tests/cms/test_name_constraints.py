"""Name constraints (RFC 5280 section 4.2.1.10): for which names an authority may vouch."""

import time

import pytest

from app.cms.budget import Budget
from app.cms.path.name_constraints import check_names
from app.cms.verdict import Answer, Verdict
from tests import der, pki
from tests.cms.judging import KEY, ROOT, below, path, read, text
from tests.cpu import allowed
from tests.pki import Holder

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
OTHER, EMAIL, DNS, X400, DIRECTORY, EDI, URI, IP, REGISTERED = range(9)
_CONSTRUCTED = {OTHER, X400, DIRECTORY, EDI}
MAILBOX_TYPE = "1.3.6.1.5.5.7.8.9"


def general(kind: int, value: str | bytes) -> bytes:
    """Encode a GeneralName (section 4.2.1.6)."""
    contents = value.encode() if isinstance(value, str) else value
    return der.explicit(kind, contents) if kind in _CONSTRUCTED else der.implicit(kind, contents)


def alternative(*names: tuple[int, str | bytes]) -> bytes:
    """Encode SubjectAltName."""
    return pki.extension("2.5.29.17", der.sequence(*[general(*name) for name in names]))


def subtrees(*bases: tuple[int, str | bytes], limits: bytes = b"") -> bytes:
    return b"".join(der.sequence(general(*base), limits) for base in bases)


def constraints(permitted: bytes = b"", excluded: bytes = b"", *, critical: bool = True) -> bytes:
    """Encode NameConstraints."""
    fields = [
        der.explicit(number, part) for number, part in enumerate((permitted, excluded)) if part
    ]
    return pki.extension("2.5.29.30", der.sequence(*fields), critical=critical)


def limited(*extensions: bytes) -> Holder:
    """Make an authority below the root with these extensions besides its own."""
    return pki.certify(pki.name("SOME CA"), KEY, ROOT, [*pki.AUTHORITY, *extensions])


def judge(extension: bytes, *own: bytes, anchored: bool = False) -> Verdict:
    """Return the verdict on a person with `own` extensions below an authority with one."""
    authority = limited(extension)
    person = below(authority, *pki.PERSON, *own)
    return path(person, [authority] if anchored else [ROOT], [authority])


def relative(text: str, kind: str = "2.5.4.10", tag: int = 12) -> bytes:
    return der.set_of(der.sequence(der.oid(kind), der.tlv(tag, text.encode())))


V4, V6 = bytes((10, 1, 2, 3)), bytes(15) + b"\1"
EMPTY_NAME = der.sequence()
ACME = der.sequence(relative("Acme  Ltd"))
ACME_STAFF = der.sequence(relative("ACME ltd", tag=19), relative("Staff", "2.5.4.11"))
BITS = der.sequence(der.set_of(der.sequence(der.oid("2.5.4.45"), der.bits(b"x"))))
OTHER_BITS = der.sequence(der.set_of(der.sequence(der.oid("2.5.4.45"), der.bits(b"y"))))

# Kind, base, name, and whether the name lies in the subtree; None if undetermined.
WITHIN = [
    (EMAIL, "a@acme.kz", "a@acme.kz", True),
    (EMAIL, "a@acme.kz", "a@ACME.kz", True),
    (EMAIL, "a@acme.kz", "A@acme.kz", False),
    (EMAIL, "a@acme.kz", "a@other.kz", False),
    (EMAIL, "a@acme.kz", '"a"@acme.kz', None),
    (EMAIL, "a@", "a@acme.kz", None),
    (EMAIL, "acme.kz", "b@Acme.kz", True),
    (EMAIL, "acme.kz", "b@mail.acme.kz", False),
    (EMAIL, ".acme.kz", "b@mail.acme.kz", True),
    (EMAIL, ".acme.kz", "b@acme.kz", False),
    (EMAIL, ".acme.kz", "b@notacme.kz", False),
    (EMAIL, "", "b@notacme.kz", True),
    (EMAIL, "acme.kz", "nobody", None),
    (EMAIL, "acme.kz", "я@acme.kz", None),
    (EMAIL, "acme.kz", "a@[10.1.2.3]", None),
    (EMAIL, "acme kz", "a@acme.kz", None),
    (DNS, "acme.kz", "acme.kz", True),
    (DNS, "acme.kz", "www.ACME.kz", True),
    (DNS, "acme.kz", "notacme.kz", False),
    (DNS, "acme.kz", "kz", False),
    (DNS, "", "kz", True),
    (DNS, ".acme.kz", "www.acme.kz", True),
    (DNS, ".acme.kz", "acme.kz", None),
    (DNS, "acme.kz", "*.acme.kz", True),
    (DNS, "www.acme.kz", "*.acme.kz", None),
    (DNS, "acme.kz", "*.other.kz", False),
    (DNS, "acme.kz", "acme.kz.", None),
    (DNS, "acme.kz", "*.*.kz", None),
    (DNS, "acme.kz", "a b", None),
    (URI, "acme.kz", "http://acme.kz/x?y", True),
    (URI, "acme.kz", "HTTPS://user@ACME.kz:8443", True),
    (URI, "acme.kz", "http://acme.kz./", True),
    (URI, "acme.kz", "http://www.acme.kz/", False),
    (URI, "acme.kz", "http://other.kz/@acme.kz", False),
    (URI, ".acme.kz", "http://www.acme.kz/", True),
    (URI, ".acme.kz", "http://acme.kz/", False),
    (URI, "acme.kz", "http://%61cme.kz/", None),
    (IP, bytes((10, 1, 0, 0, 255, 255, 0, 0)), V4, True),
    (IP, bytes((10, 2, 0, 0, 255, 255, 0, 0)), V4, False),
    (IP, bytes((10, 1, 2, 3, 255, 255, 255, 255)), V4, True),
    (IP, bytes(8), V4, True),
    (IP, bytes(32), V6, True),
    (IP, bytes(32), V4, False),
    (IP, bytes(8), V6, False),
    (IP, bytes((10, 1, 0, 0, 255, 0, 255, 0)), V4, None),
    (IP, bytes(4), V4, None),
    (IP, bytes(8), bytes(5), None),
]
DIRECTORIES = [
    (DIRECTORY, ACME, ACME, True),
    (DIRECTORY, ACME, ACME_STAFF, True),
    (DIRECTORY, ACME_STAFF, ACME, False),
    (DIRECTORY, ACME, der.sequence(relative("Acme")), False),
    (DIRECTORY, EMPTY_NAME, ACME, True),
    (DIRECTORY, BITS, BITS, True),
    (DIRECTORY, BITS, OTHER_BITS, None),
    (DIRECTORY, ACME, der.sequence(*[relative("x" * 200)] * 6), None),
    (DIRECTORY, ACME, der.sequence(der.NULL), None),
]
ANSWERS = {True: YES, False: NO, None: UNKNOWN}
EXCLUDED = {True: NO, False: YES, None: UNKNOWN}


@pytest.mark.parametrize(("kind", "base", "name", "within"), WITHIN)
def test_names_lie_in_subtrees_or_not(
    kind: int, base: str | bytes, name: str | bytes, within: bool | None
) -> None:
    own = alternative((kind, name))
    tree = subtrees((kind, base))
    assert judge(constraints(permitted=tree), own).answer is ANSWERS[within]
    assert judge(constraints(excluded=tree), own).answer is EXCLUDED[within]
    assert judge(constraints(tree, tree), own).answer in (NO, UNKNOWN)
    assert judge(constraints(permitted=tree)) == Verdict(YES)  # It has no such name.


@pytest.mark.parametrize(("kind", "base", "name", "within"), DIRECTORIES)
def test_directory_names_are_compared_as_section_7_1_says(
    kind: int, base: bytes, name: bytes, within: bool | None
) -> None:
    own = alternative((kind, name))
    subject = (DIRECTORY, pki.name("СИДОРОВ СЕМЁН"))
    permitted = constraints(permitted=subtrees((kind, base), subject))
    assert judge(permitted, own).answer is ANSWERS[within]
    if base != EMPTY_NAME:  # The subject is in it too.
        assert judge(constraints(excluded=subtrees((kind, base))), own).answer is (
            EXCLUDED[within] if base != BITS or within is not None else UNKNOWN
        )


@pytest.mark.parametrize("critical", [False, True])
@pytest.mark.parametrize("anchored", [False, True])
def test_constraints_hold_critical_or_not_and_those_of_an_anchor_too(
    critical: bool, anchored: bool
) -> None:
    extension = constraints(excluded=subtrees((DNS, "acme.kz")), critical=critical)
    good = judge(extension, alternative((DNS, "other.kz")), anchored=anchored)
    bad = judge(extension, alternative((DNS, "www.acme.kz")), anchored=anchored)
    assert good == Verdict(YES)
    assert (bad.answer, text(bad)) == (
        NO,
        "the name constraints of SOME CA do not permit the name www.acme.kz of СИДОРОВ СЕМЁН",
    )


def test_the_subject_is_a_name_too() -> None:
    kz = der.sequence(relative("KZ", "2.5.4.6", 19))
    ru = der.sequence(relative("RU", "2.5.4.6", 19))
    assert judge(constraints(permitted=subtrees((DIRECTORY, kz)))) == Verdict(YES)
    verdict = judge(constraints(permitted=subtrees((DIRECTORY, ru))))
    assert (verdict.answer, text(verdict)) == (
        NO,
        "the name constraints of SOME CA do not permit the name СИДОРОВ СЕМЁН of СИДОРОВ СЕМЁН",
    )


def certify(subject: bytes, authority: Holder, *own: bytes) -> Holder:
    return pki.certify(subject, pki.rsa_key("somebody"), authority, [*pki.PERSON, *own])


def test_an_address_in_the_subject_counts_where_there_is_no_alternative_name() -> None:
    authority = limited(constraints(permitted=subtrees((EMAIL, "acme.kz"))))
    kind = "1.2.840.113549.1.9.1"
    good, bad = (der.sequence(relative(text, kind, 22)) for text in ("a@acme.kz", "a@other.kz"))
    assert path(certify(good, authority), [ROOT], [authority]) == Verdict(YES)
    assert path(certify(bad, authority), [ROOT], [authority]).answer is NO
    own = alternative((EMAIL, "a@acme.kz"))
    assert path(certify(bad, authority, own), [ROOT], [authority]) == Verdict(YES)
    damaged = der.sequence(relative("x"), der.NULL)
    assert path(certify(damaged, authority), [ROOT], [authority]).answer is UNKNOWN


def test_a_holder_without_a_name_has_none_to_be_refused() -> None:
    authority = limited(constraints(permitted=subtrees((DIRECTORY, ACME))))
    person = certify(EMPTY_NAME, authority)
    assert path(person, [ROOT], [authority]) == Verdict(YES)


@pytest.mark.parametrize(
    "address", ["http://10.1.2.3/", "http://[::1]:80/", "urn:isbn:1", "http:///"]
)
@pytest.mark.parametrize("excluding", [False, True])
def test_an_address_whose_host_has_no_name_is_refused_under_any_constraint(
    address: str, excluding: bool
) -> None:
    tree = subtrees((URI, "acme.kz"))
    extension = constraints(excluded=tree) if excluding else constraints(tree)
    assert judge(extension, alternative((URI, address))).answer is NO
    assert judge(constraints(subtrees((DNS, "acme.kz"))), alternative((URI, address))) == Verdict(
        YES
    )


@pytest.mark.parametrize("kind", [OTHER, X400, EDI, REGISTERED])
def test_kinds_that_are_not_compared_make_unknown_if_they_are_there(kind: int) -> None:
    value = der.oid("1.2.3") + der.explicit(0, der.utf8("x")) if kind != REGISTERED else b"\x2a\3"
    extension = constraints(permitted=subtrees((kind, value)))
    assert judge(extension) == Verdict(YES)
    assert judge(extension, alternative((DNS, "acme.kz"))) == Verdict(YES)
    verdict = judge(extension, alternative((kind, value)))
    assert verdict.answer is UNKNOWN
    assert text(verdict).startswith("whether the name constraints of SOME CA permit the name ")


def test_a_mailbox_in_unicode_is_one_that_cannot_be_compared() -> None:
    """RFC 8398 section 6 applies what is said of rfc822Name to it."""
    mailbox = der.oid(MAILBOX_TYPE) + der.explicit(0, der.utf8("я@acme.kz"))
    own = alternative((OTHER, mailbox))
    assert judge(constraints(subtrees((EMAIL, "acme.kz"))), own).answer is UNKNOWN
    assert judge(constraints(subtrees((DNS, "acme.kz"))), own) == Verdict(YES)


@pytest.mark.parametrize(
    ("limits", "answer"),
    [
        (b"", YES),
        (der.implicit(0, b"\0"), YES),
        (der.implicit(0, b"\1"), UNKNOWN),
        (der.implicit(1, b"\5"), UNKNOWN),
    ],
)
def test_depths_of_subtrees_are_not_processed(limits: bytes, answer: Answer) -> None:
    extension = constraints(subtrees((DNS, "acme.kz"), limits=limits))
    assert judge(extension, alternative((DNS, "acme.kz"))).answer is answer


@pytest.mark.parametrize(
    "value",
    [
        der.NULL,
        der.sequence(),
        der.sequence(der.explicit(2, b"")),
        der.sequence(der.explicit(0, der.NULL)),
        der.sequence(der.explicit(0, der.sequence(der.implicit(9, b"x")))),
    ],
)
@pytest.mark.parametrize("anchored", [False, True])
def test_constraints_that_cannot_be_read_make_unknown(value: bytes, anchored: bool) -> None:
    verdict = judge(pki.extension("2.5.29.30", value), anchored=anchored)
    assert (verdict.answer, text(verdict)) == (
        UNKNOWN,
        "the certificate of SOME CA: extension 2.5.29.30 is broken",
    )


def test_names_that_cannot_be_read_make_unknown() -> None:
    broken = pki.extension("2.5.29.17", der.NULL)
    extension = constraints(subtrees((DNS, "acme.kz")))
    assert judge(extension, broken).answer is UNKNOWN
    assert path(below(limited(), *pki.PERSON, broken), [ROOT], [limited()]) == Verdict(YES)


def test_every_authority_is_asked_and_every_certificate_below_it() -> None:
    top = limited(constraints(subtrees((DNS, "kz"), (DIRECTORY, der.sequence()))))
    middle = pki.certify(
        pki.name("MIDDLE"),
        pki.rsa_key("middle"),
        top,
        [*pki.AUTHORITY, alternative((DNS, "ru")), constraints(subtrees((DNS, "acme.kz")))],
    )
    named = pki.certify(
        pki.name("MIDDLE"),
        pki.rsa_key("middle"),
        top,
        [*pki.AUTHORITY, constraints(subtrees((DNS, "acme.kz")))],
    )
    inside, outside = alternative((DNS, "acme.kz")), alternative((DNS, "other.kz"))
    for authority, own, answer in (
        (named, inside, YES),
        (named, outside, NO),
        (middle, inside, NO),
    ):
        person = below(authority, *pki.PERSON, own)
        assert path(person, [ROOT], [top, authority]).answer is answer


def test_a_certificate_that_an_authority_issues_to_itself_is_exempt() -> None:
    """Section 6.1.3 (b); the holder's own is not, even if it has the name of its issuer."""
    only_acme = constraints(subtrees((DIRECTORY, ACME)))
    old = limited(only_acme)
    new = pki.certify(old.subject, pki.rsa_key("new"), old, pki.AUTHORITY)
    person = certify(ACME, new)
    assert path(person, [ROOT], [old, new]) == Verdict(YES)
    namesake = certify(old.subject, new)
    assert path(namesake, [ROOT], [old, new]).answer is NO


@pytest.mark.attacks
@pytest.mark.usefixtures("untraced")
def test_thousands_of_names_and_constraints_are_not_compared() -> None:
    authority = limited(constraints(subtrees(*[(DNS, "a")] * 1500)))
    person = below(authority, *pki.PERSON, alternative(*[(DNS, "b")] * 3000))
    start = time.process_time()
    verdict = path(person, [ROOT], [authority])
    assert time.process_time() - start < allowed(1)
    assert (verdict.answer, text(verdict)) == (
        UNKNOWN,
        "the signature contains too much to check all of it here",
    )
    chain = read(person, authority, ROOT)
    assert check_names(chain, Budget(1000)).answer is UNKNOWN
    few = below(authority, *pki.PERSON, alternative(*[(DNS, "b")] * 10))
    assert path(few, [ROOT], [authority]).answer is NO
