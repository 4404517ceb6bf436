"""The sentences of a card, in English; `app.wording` has their translations."""

from __future__ import annotations

from app.cms import Reason

TITLE = Reason("Card of an electronic document")
ORIGINAL = Reason("The original of the electronic document")
SIGNATURE_OF = Reason("Electronic digital signature of {name}")
SIGNATURE_PAGE = Reason("Electronic digital signature {number} of {total}")
DOCUMENT_NAME = Reason("Name of the electronic document")
DESCRIPTION = Reason("Description")
MADE_AT = Reason("Card as of (date and time)")
SYSTEM = Reason("Made in the information system")
CONTENTS = Reason("Contents")
INFORMATION = Reason("About this card")
PAGE = Reason("page {page}")
ATTACHED = Reason("Attached files")
FILE = Reason("File")
SIZE = Reason("Size, bytes")
REMARK = Reason("Remark")
CHECKED = Reason(
    "When this card was made, the system verified each signature and the integrity of what"
    " was signed: the signature values, the timestamps, the certificates up to a trusted"
    " certification authority, and that they were not revoked when the document was signed."
)
BY_ACT = Reason("Signatures are verified by: {act}.")
WHAT_IS_A_CARD = Reason(
    "A card of an electronic document is a PDF file that carries the original of an"
    " electronic document and the electronic digital signatures under it as attached files,"
    " and shows them to people."
)
WHAT_IS_AN_ORIGINAL = Reason(
    "The original of the electronic document is the first attached file. It is what was"
    " signed; the other attached files are the signatures."
)
HOW_TO_VERIFY = Reason(
    "To verify the card, send this file to the system in which it was made; it reads the"
    " attached files and verifies each signature. Any other system that supports cards of"
    " electronic documents can do the same."
)
HOW_TO_VERIFY_AT = Reason("Address of the system: {address}")
PAGE_OF_VERSION = Reason(
    "Whoever has this address sees the result of verification there, until the link ends: {address}"
)
WARNING = Reason(
    "What is seen on these pages is not protected from changes and has no legal force. Only"
    " the attached files count, once the signatures were verified."
)
AS_OF = Reason(
    "The card is made anew each time it is asked for, and is always the same for one version:"
    " its time is that of the newest thing in it."
)
NAME = Reason("Signed by")
IIN = Reason("IIN")
ORGANISATION = Reason("Organisation")
BIN = Reason("BIN")
SUBJECT = Reason("Subject")
ISSUER = Reason("Issuer")
SERIAL = Reason("Serial number of the certificate")
VALIDITY = Reason("Validity of the certificate")
VALID_FROM_TO = Reason("from {begin} until {end}")
POLICIES = Reason("Certificate template (policy)")
KEY_USAGE = Reason("Key usage")
PURPOSES = Reason("Extended key usage")
SIGNED_AT = Reason("Time of signing")
STAMP = Reason("Timestamp (TSP)")
STAMP_TIME = Reason("Time")
OCSP = Reason("Response of the OCSP responder")
THIS_UPDATE = Reason("Time of the response")
STATUS = Reason("Status")
GOOD = Reason("good: the certificate is not revoked")
CRL = Reason("List of revoked certificates (CRL)")
DELTA_CRL = Reason("Delta list of revoked certificates")
ISSUED_AT = Reason("Issued")
NEXT_UPDATE = Reason("Next update")
NOT_LISTED = Reason("the certificate is not in the list")
REVOKED_LATER = Reason("revoked after the document was signed, on {when}")
RESPONDER = Reason("Serial number of the certificate that signed it")
CODES = Reason("The signature as QR codes")
NO_CODES = Reason("The signature is too large for QR codes; it is in the attached file {name}.")

#: What policies, purposes and usages are called, beside their identifiers (RFC 5280 4.2.1).
NAMES = {
    "1.2.398.3.3.2.1": Reason("signing by legal entities"),
    "1.2.398.3.3.2.2": Reason("authentication of legal entities"),
    "1.2.398.3.3.2.3": Reason("signing by individuals"),
    "1.2.398.3.3.2.4": Reason("authentication of individuals"),
    "1.3.6.1.5.5.7.3.2": Reason("client authentication"),
    "1.3.6.1.5.5.7.3.4": Reason("protection of e-mail (signing)"),
    "1.2.398.3.3.4.1.1": Reason("individual"),
    "1.2.398.3.3.4.1.2": Reason("legal entity"),
    "1.2.398.3.3.4.1.2.1": Reason("first head of a legal entity"),
    "1.2.398.3.3.4.1.2.2": Reason("person with the right to sign"),
    "1.2.398.3.3.4.1.2.3": Reason("person with the right to sign financial documents"),
    "1.2.398.3.3.4.1.2.4": Reason("human resources officer"),
    "1.2.398.3.3.4.1.2.5": Reason("employee of a legal entity"),
    "1.2.398.3.3.4.1.2.6": Reason("information system of a legal entity"),
    "digitalSignature": Reason("digital signature"),
    "nonRepudiation": Reason("non-repudiation"),
    "keyEncipherment": Reason("encryption of keys"),
    "dataEncipherment": Reason("encryption of data"),
    "keyAgreement": Reason("agreement of keys"),
}
VERSION = Reason("{document}, {thread}, version {version}")
