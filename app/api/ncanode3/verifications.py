"""The family's verifications: the members of one request in, those of its answer out.

Each is a function of one item, whose answer has its own `status`: so one request may be about one
item, or about many.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import monotonic
from typing import Any, TypeAlias

from app.api.ncanode3.certificates import write_certificate
from app.api.ncanode3.errors import ContentNotAttached, PdfNotSigned, refuse_other_content
from app.api.ncanode3.judging import OK, doubts_of, write_message, write_nobody, write_verdict
from app.api.ncanode3.pdf_signers import write_signatures
from app.api.ncanode3.revocations import Status
from app.api.ncanode3.schemas import (
    CertificatesSchema,
    CmsSchema,
    ExtractSchema,
    ItemSchema,
    PdfSchema,
    SignatureItem,
    ValueSchema,
    XmlSchema,
)
from app.api.ncanode3.timestamps import write_timestamp
from app.cms import (
    NO_XML_SIGNATURE,
    Answer,
    Budget,
    Certificate,
    MalformedSignature,
    SignedData,
    SignedXml,
    SignerStatus,
    Verdict,
    attached_content,
    decode_content,
    is_detached,
    parse,
    parse_certificate,
    verify_value,
)
from app.services.cards import verify_sent_pdf
from app.services.errors import ParameterError
from app.trust import Trust
from app.trust.loaded import Loaded
from app.wording.sentences import Wording

Item: TypeAlias = Mapping[str, Any]
Answered: TypeAlias = dict[str, Any]

#: Seconds from the beginning of a request in which authorities are asked about its certificates.
ASKING_SECONDS = 10.0

_CMS, _XML, _PDF, _EXTRACT = CmsSchema(), XmlSchema(), PdfSchema(), ExtractSchema()
_CERTIFICATES, _VALUE = CertificatesSchema(), ValueSchema()


@dataclass(frozen=True, slots=True)
class Verifications:
    """The verifications of a server, whose sentences have one wording.

    Each raises what the family's table of statuses has: FieldNotSet, ParameterError,
    MalformedSignature, OtherContent, ContentNotAttached, PdfNotSigned, UnreadablePdf, Busy.
    """

    trust: Trust
    wording: Wording
    #: The anchors, and what else is trusted, that some items share; None: as of each.
    loaded: Loaded | None = None

    def of_now(self) -> Verifications:
        """Return the same with what is trusted now, for items that are verified at once."""
        return replace(self, loaded=self.trust.loaded())

    def verify_cms(self, item: Item) -> Answered:
        """Verify a CMS, with its content in `data` if that is detached."""
        wanted: SignatureItem = _CMS.read(item)
        with self.trust.turns.take():
            content = _decode(wanted.data, "data") if wanted.data else None
            signature = _parse_cms(wanted.text)
            if content is None and is_detached(signature):
                raise ContentNotAttached(
                    '"{field}" parameter must be set, since the content of the signature is '
                    "detached",
                    field="data",
                )
            statuses = self._verify(signature, content, wanted.asked)
        _require_content(signature, content, statuses)
        signers = [
            {
                "certificates": [write_certificate(one, wanted.asked, self.wording)],
                "tsp": write_timestamp(one.timestamp),
            }
            for one in statuses
        ]
        return self._answer(statuses, wanted.asked, signers)

    def extract_cms(self, item: Item) -> Answered:
        """Return the attached content of a CMS, in base64."""
        text = _EXTRACT.read(item)
        with self.trust.turns.reading(text):
            content = attached_content(_parse_cms(text))
        if content is None:
            raise ContentNotAttached(
                "cms: the content is not attached, so there is nothing to extract"
            )
        return {"status": 200, "message": OK, "data": b64encode(content).decode()}

    def verify_xml(self, item: Item) -> Answered:
        """Verify all signatures of an XML document; the last one is answered first."""
        wanted, statuses = self._verify_xml(item)
        return self._answer_certificates(statuses[::-1], wanted.asked)

    def verify_wsse(self, item: Item) -> Answered:
        """Verify all signatures of a SOAP message; only the first signer is described."""
        wanted, statuses = self._verify_xml(item)
        return self._answer_certificates(statuses, wanted.asked, described=1)

    def verify_pdf(self, item: Item) -> Answered:
        """Verify the signatures in a PDF."""
        wanted: SignatureItem = _PDF.read(item)
        data = _decode(wanted.text, "pdf")
        found = verify_sent_pdf(data, self.trust, fetch=bool(wanted.asked))
        if not any(one.timestamp is None for one in found):
            raise PdfNotSigned("the PDF has no signature")
        return write_signatures(found, wanted.asked, self.wording)

    def describe_certificates(self, item: Item) -> Answered:
        """Describe certificates, and verify each."""
        wanted = _CERTIFICATES.read(item)
        certificates = [
            _parse_certificate(text, f"certs[{number}]") for number, text in enumerate(wanted.texts)
        ]
        with self.trust.turns.take():
            statuses = list(self._examine(certificates, fetch=bool(wanted.asked)))
        return self._answer_certificates(statuses, wanted.asked)

    def verify_value(self, item: Item) -> Answered:
        """Verify a bare signature value over a text."""
        wanted = _VALUE.read(item)
        certificate = _parse_certificate(wanted.certificate, "certificate")
        with self.trust.turns.take():
            value = _decode(wanted.signature, "signature")
            signed = verify_value(certificate, wanted.data.encode(), value, at=datetime.now(UTC))
            statuses = list(self._examine([certificate], fetch=False))
        return self._answer_certificates(statuses, (), value=signed)

    def _verify(
        self, signature: SignedData | SignedXml, content: bytes | None, asked: Sequence[str]
    ) -> Sequence[SignerStatus]:
        now = datetime.now(UTC)
        fetch, loaded = bool(asked), self.loaded
        return self.trust.verify(signature, content, at=now, fetch=fetch, loaded=loaded)

    def _verify_xml(self, item: Item) -> tuple[SignatureItem, Sequence[SignerStatus]]:
        """Return the status of each signature; none if there is no signature."""
        wanted: SignatureItem = _XML.read(item)
        with self.trust.turns.take():
            try:
                signature = parse(wanted.text)
                if not isinstance(signature, SignedXml):
                    raise _no_xml()
                return wanted, self._verify(signature, None, wanted.asked)
            except MalformedSignature as error:
                if error.template == NO_XML_SIGNATURE.template:
                    return wanted, ()
                if "CMS" in error.template:
                    raise _no_xml() from error
                raise error.named("xml") from error

    def _examine(self, certificates: Sequence[Certificate], *, fetch: bool) -> Iterator[Status]:
        """Verify certificates by themselves, within one budget and one time for asking."""
        budget, until = Budget(), monotonic() + ASKING_SECONDS
        loaded = self.loaded or self.trust.loaded()
        now = datetime.now(UTC)
        for one in certificates:
            is_asked = fetch and monotonic() < until
            yield self.trust.examine_certificate(
                one, at=now, fetch=is_asked, budget=budget, loaded=loaded
            )

    def _answer_certificates(
        self,
        statuses: Sequence[Status],
        asked: Sequence[str],
        *,
        described: int | None = None,
        value: Verdict | None = None,
    ) -> Answered:
        signers = [write_certificate(one, asked, self.wording) for one in statuses[:described]]
        return self._answer(statuses, asked, signers, value)

    def _answer(
        self,
        statuses: Sequence[Status],
        asked: Sequence[str],
        signers: Sequence[Any],
        value: Verdict | None = None,
    ) -> Answered:
        doubts = [doubt for one in statuses for doubt in doubts_of(one, asked, value)]
        message = write_message(doubts, self.wording) if statuses else write_nobody(self.wording)
        return {
            "status": 200,
            "message": message,
            "valid": bool(statuses) and not doubts,
            "signers": signers,
            "verdict": write_verdict(statuses, self.wording, value=value),
        }


def _parse_cms(text: str) -> SignedData:
    """Parse a CMS. Raises MalformedSignature, or ParameterError for signed XML."""
    signature = parse(text, trailing_zeros=True)
    if not isinstance(signature, SignedData):
        raise ParameterError('"{field}" parameter must be a CMS', field="cms")
    return signature


def _no_xml() -> ParameterError:
    """Return the refusal of something else in place of XML."""
    return ParameterError('"{field}" parameter must be signed XML', field="xml")


def _parse_certificate(text: str, name: str) -> Certificate:
    """Read a certificate: base64 of its DER or of a file in PEM. Raises ParameterError."""
    certificate = parse_certificate(text)
    if certificate is None:
        raise ParameterError('"{field}" parameter must be a certificate', field=name)
    return certificate


def _decode(text: str, name: str) -> bytes:
    """Decode base64. Raises ParameterError."""
    try:
        return decode_content(text)
    except ValueError as error:
        raise ParameterError('"{field}" parameter must be base64', field=name) from error


def _require_content(
    signature: SignedData, content: bytes | None, statuses: Sequence[SignerStatus]
) -> None:
    """Require that the digest of the content is what was signed.

    Content that is sent beside other content that is attached is a wrong answer, no wrong request.

    Raises:
        OtherContent: it is another one.
    """
    if signature.attached and content is not None and content != signature.content:
        return
    for signer, status in zip(signature.signers, statuses, strict=True):
        if signer.has_signed_attributes and status.intact.answer is Answer.NO:
            refuse_other_content()


#: The functions of an item, by the path of the request for one.
FUNCTIONS: Mapping[str, Callable[[Verifications, Item], Answered]] = {
    "/cms/verify": Verifications.verify_cms,
    "/cms/extract": Verifications.extract_cms,
    "/xml/verify": Verifications.verify_xml,
    "/wsse/verify": Verifications.verify_wsse,
    "/pdf/verify": Verifications.verify_pdf,
    "/x509/info": Verifications.describe_certificates,
    "/x509/verify": Verifications.verify_value,
}
#: What each reads.
SCHEMAS: Mapping[str, ItemSchema] = {
    "/cms/verify": _CMS,
    "/cms/extract": _EXTRACT,
    "/xml/verify": _XML,
    "/wsse/verify": _XML,
    "/pdf/verify": _PDF,
    "/x509/info": _CERTIFICATES,
    "/x509/verify": _VALUE,
}
