"""Signatures in XML (XML Signature Syntax and Processing, "XMLDSig"): is the content intact?

Each Reference is followed within the document, never outside, and its digest is recomputed. Whether
SignatureValue belongs to the signer's key is checked by the caller, which gets the digest of the
signed octets: these may be the whole document, once more for each signature.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import partial

from lxml import etree

from app.cms.algorithms import registry as algorithms
from app.cms.algorithms.registry import AlgorithmIdentifier
from app.cms.algorithms.same_key import identify_key
from app.cms.budget import Budget
from app.cms.signed_data.verification import check_value
from app.cms.verdict import Answer, Verdict, every, unknown
from app.cms.x509.certificate import Certificate, read_certificate
from app.cms.xmldsig.canonical_budget import TOO_COSTLY
from app.cms.xmldsig.canonical_forms import Form, Undecided, join_some, read_form
from app.cms.xmldsig.document import SignedDocument
from app.cms.xmldsig.free_memory import give_back_after
from app.cms.xmldsig.named_certificate import NamedCertificate, read_named
from app.cms.xmldsig.own_thread import TooMuchWork, in_own_thread
from app.cms.xmldsig.parsing import SignedXml
from app.cms.xmldsig.references import Covered, Target, check_references
from app.cms.xmldsig.security_tokens import DS
from app.cms.xmldsig.signatures import XmlSignature, decode_value, find_child
from app.cms.xmldsig.unsigned_parts import UnsignedParts


@dataclass(frozen=True, slots=True)
class XmlChecked:
    """The result for one ds:Signature, and the inputs for checking its value.

    `intact`: the references match the document, cover it, and exclude nothing but signatures.
    `method` has the signature algorithm and its digest, as `algorithms.verify_signature` takes
    them; it is None if that is unknown. `signed_digest` is that digest of the canonical SignedInfo,
    which is the message of `signature_value`; it is empty if there is no such method, or if it
    could not be made: `intact` then has the reason.
    `parsed` has the signer's certificate; nothing else in KeyInfo counts as a key. `named` is what
    it states about that certificate, `digests` are the algorithms of the references. `matches`:
    each reference was followed, and its digest is that of what it refers to.
    """

    parsed: XmlSignature
    intact: Verdict
    signed_digest: bytes
    signature_value: bytes
    method: tuple[AlgorithmIdentifier, str] | None
    named: NamedCertificate
    digests: tuple[str, ...]
    matches: bool = False


def check_xml(signature: SignedXml) -> tuple[XmlChecked, ...]:
    """Check the references of each signature, in the order of `signature.signatures`.

    If that takes more CPU time than it may, the answer is unknown for all of them. Raises
    MalformedSignature if `signature` was not returned by `parse`.
    """
    try:
        return in_own_thread(partial(_check_alone, signature))
    except TooMuchWork:
        return leave_open(signature)


def leave_open(signature: SignedXml) -> tuple[XmlChecked, ...]:
    """Return the results for a document that costs too much to check."""
    return tuple(map(_leave_open, signature.signatures))


def _leave_open(parsed: XmlSignature) -> XmlChecked:
    nothing = NamedCertificate(frozenset(), frozenset(), ())
    return XmlChecked(parsed, TOO_COSTLY, b"", b"", None, nothing, ())


def _check_alone(signature: SignedXml) -> tuple[XmlChecked, ...]:
    """Check all signatures in a thread of its own, which leaves nothing behind."""
    checked = check_all(SignedDocument(signature))
    give_back_after(len(signature.xml))
    return checked


def check_all(document: SignedDocument) -> tuple[XmlChecked, ...]:
    """Check the references of all signatures, within the budget of the document."""
    return tuple(_check_signature(document, number) for number in document.signatures)


def _check_signature(document: SignedDocument, number: int) -> XmlChecked:
    element = document.signatures[number]
    signed_info = find_child(element, "SignedInfo", number)
    method = _read_method(find_child(signed_info, "SignatureMethod", number))
    digest, form = b"", Form()
    verdicts: list[Verdict] = []
    try:
        form = read_form(find_child(signed_info, "CanonicalizationMethod", number))
        if method is not None:
            digest = document.canonicaliser.agreed_digest(method[1], signed_info, form)
    except Undecided as undecided:
        verdicts.append(undecided.verdict)
    found, covered = check_references(document, number, signed_info)
    verdicts += [*found, _judge_coverage(document, number, covered.forms)]
    verdicts.append(_judge_absent(document, covered.intact))
    return XmlChecked(
        document.parsed[number],
        _add_limits(document, number, covered, _decide(verdicts), form),
        digest,
        decode_value(find_child(element, "SignatureValue", number), number),
        method,
        read_named(element, covered.intact, document.properties_within),
        _list_digests(signed_info),
        all(one.answer is Answer.YES for one in found),
    )


def _add_limits(
    document: SignedDocument,
    number: int,
    covered: Covered,
    verdict: Verdict,
    form: Form,
) -> Verdict:
    """Add to a verdict remarks on what it doesn't cover; `form` is that of SignedInfo."""
    canonicaliser = document.canonicaliser
    parts = UnsignedParts(
        document.signatures[number],
        covered.forms,
        document.words_of(number),
        canonicaliser.target,
        canonicaliser.budget,
    )
    if document.misread:
        verdict = verdict.noting(
            "the XML declaration names {encoding}, which is not the encoding that was verified: "
            "programs that follow it read other characters",
            encoding=document.misread,
        )
    try:
        if document.holds_manifest(covered.forms.keys()):
            verdict = verdict.noting("the references in a Manifest are not verified")
        others = document.others.list_unsigned(number, covered.forms.keys(), covered.left_out)
        if others:
            verdict = verdict.noting(
                "other signatures hold content that this one does not sign: {parts}",
                parts=join_some(others),
            )
        return parts.add_remarks(verdict, comments_signed=form.comments)
    except Undecided as undecided:
        return undecided.verdict if verdict.answer is Answer.YES else verdict


def _list_digests(signed_info: etree._Element) -> tuple[str, ...]:
    """List the digest algorithms that are known, each once."""
    methods = signed_info.iterfind(f"{DS}Reference/{DS}DigestMethod")
    uris = dict.fromkeys(method.get("Algorithm", "") for method in methods)
    return tuple(algorithms.DIGEST_URIS[uri] for uri in uris if uri in algorithms.DIGEST_URIS)


def _read_method(element: etree._Element) -> tuple[AlgorithmIdentifier, str] | None:
    """Look SignatureMethod up. Parameters, such as HMACOutputLength, are not supported."""
    if next(element.iterchildren("*"), None) is not None:
        return None
    return algorithms.SIGNATURE_URIS.get(element.get("Algorithm", ""))


def _judge_coverage(
    document: SignedDocument, number: int, forms: Mapping[Target, Sequence[Form]]
) -> Verdict:
    """Return whether all targets together are everything relevant."""
    try:
        return document.judge_coverage(number, forms)
    except Undecided as undecided:
        return undecided.verdict


def _judge_absent(document: SignedDocument, intact: Set[Target]) -> Verdict:
    """Return whether content is in the targets, and not elsewhere."""
    try:
        return document.absent.judge(intact)
    except Undecided as undecided:
        return undecided.verdict


def _decide(verdicts: list[Verdict]) -> Verdict:
    """Combine verdicts; of those that aren't yes, perhaps hundreds, keep the first decisive one."""
    for answer in (Answer.NO, Answer.UNKNOWN):
        for verdict in verdicts:
            if verdict.answer is answer:
                return verdict
    return every(*verdicts)


def list_rivals(checked: XmlChecked, certificate: Certificate, budget: Budget) -> list[Certificate]:
    """List other certificates in the signature with the signer's key, where nothing decides.

    That is, nothing signed names another one than these: they have their order from anyone.
    """
    others = dict.fromkeys(one for one in checked.parsed.certificates if one != certificate.der)
    read = list(map(read_certificate, others))
    key = identify_key(certificate.public_key)
    rivals = [one for one in read if identify_key(one.public_key) == key]
    return [one for one in rivals if checked.named.may_mean(one, budget)]


def check_xml_value(checked: XmlChecked, certificate: Certificate, budget: Budget) -> Verdict:
    """Check SignatureValue over the canonical SignedInfo (XMLDSig section 3.2.2)."""
    method, digest = checked.method, checked.signed_digest
    if method is None:
        return unknown("the signature method is not supported")
    if not digest:
        return unknown("the signed data could not be canonicalised")
    value = check_value(certificate, method, lambda _: digest, checked.signature_value, budget)
    if value.answer is Answer.NO and checked.parsed.uncertain:
        value = unknown("not all certificates that KeyInfo names could be read and tried")
    return every(value, checked.named.judge(certificate, budget))
