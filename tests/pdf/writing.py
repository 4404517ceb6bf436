"""PDFs written by hand, so that each byte of an attack is where it is meant to be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests import der, pki
from tests.cms.augmenting import STAMPED, good
from tests.cms.judging import IVAN, NCA
from tests.pki import Holder

#: Digits of hexadecimal that are kept free for a signature.
ROOM = 24_000
_PLACE = b"/ByteRange [0 " + b"*" * 30 + b"]"
CATALOG, PAGES, PAGE, CONTENTS = 1, 2, 3, 4


def stream(data: bytes, entries: bytes = b"") -> bytes:
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (entries, len(data), data)


def new(objects: Mapping[int, bytes], header: bytes = b"%PDF-1.7\n") -> bytes:
    """Return a file of one revision."""
    return _append(header, objects, b"")


def update(pdf: bytes, objects: Mapping[int, bytes]) -> bytes:
    """Append objects as an incremental update."""
    last = re.findall(rb"startxref\s+(\d+)", pdf)[-1]
    return _append(pdf if pdf.endswith(b"\n") else pdf + b"\n", objects, b" /Prev " + last)


def _append(pdf: bytes, objects: Mapping[int, bytes], more: bytes) -> bytes:
    places = {}
    for number, written in objects.items():
        places[number] = len(pdf)
        pdf += b"%d 0 obj\n%s\nendobj\n" % (number, written)
    table = b"xref\n" + (b"" if more else b"0 1\n0000000000 65535 f \n")
    for number, place in sorted(places.items()):
        table += b"%d 1\n%010d 00000 n \n" % (number, place)
    end = b"trailer\n<< /Size 100 /Root 1 0 R%s >>\nstartxref\n%d\n%%%%EOF\n" % (more, len(pdf))
    return pdf + table + end


@dataclass
class Draft:
    """A document with a page, which grows by updates."""

    data: bytes = b""
    #: References of fields, and of what is drawn on the page.
    fields: list[int] = field(default_factory=list)
    catalog: bytes = b""
    page: bytes = b""

    def __post_init__(self) -> None:
        if not self.data:
            self.data = new(
                {
                    CATALOG: self._catalog(),
                    PAGES: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
                    PAGE: self._page(),
                    CONTENTS: stream(b"BT ET"),
                }
            )

    def _references(self) -> bytes:
        return b" ".join(b"%d 0 R" % number for number in self.fields)

    def _catalog(self) -> bytes:
        form = b"/AcroForm << /Fields [%s] /SigFlags 3 >>" % self._references()
        return b"<< /Type /Catalog /Pages 2 0 R %s %s >>" % (form, self.catalog)

    def _page(self) -> bytes:
        annotations = self._references()
        return b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] /Contents 4 0 R" + (
            b" /Annots [%s] %s >>" % (annotations, self.page)
        )

    def change(self, objects: Mapping[int, bytes]) -> None:
        """Append an update, with the catalog and the page as they are now."""
        standing = {CATALOG: self._catalog(), PAGE: self._page()}
        self.data = update(self.data, {**standing, **objects})

    def sign(
        self,
        who: Holder = IVAN,
        *,
        rectangle: bytes = b"[0 0 0 0]",
        subfilter: bytes = b"/ETSI.CAdES.detached",
        kind: bytes = b"/Sig",
        more: bytes = b"",
        widget: bytes = b"/F 132 /P 3 0 R",
        others: Mapping[int, bytes] | None = None,
    ) -> None:
        """Add a field with a signature of the whole file in an update.

        `widget` are further entries of its widget, `more` of its value.
        """
        number = 10 + 2 * len(self.fields)
        self.fields.append(number)
        begin = b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (S%d) %s" % (number, widget)
        value = b"<< /Type %s /Filter /Adobe.PPKLite /SubFilter %s %s" % (kind, subfilter, more)
        value += b" " + _PLACE + b" /Contents <" + b"0" * ROOM + b"> >>"
        self.change(
            {
                **(others or {}),
                number: begin + b" /Rect %s /V %d 0 R >>" % (rectangle, number + 1),
                number + 1: value,
            }
        )
        self.data = fill(self.data, who, is_stamp=subfilter == b"/ETSI.RFC3161")


def fill(pdf: bytes, who: Holder = IVAN, *, is_stamp: bool = False) -> bytes:
    """Write the ByteRange and the value of the last signature."""
    gap = pdf.rindex(b"<" + b"0" * ROOM + b">")
    after = gap + ROOM + 2
    numbers = b"%d %d %d" % (gap, after, len(pdf) - after)
    pdf = pdf.replace(_PLACE, b"/ByteRange [0 " + numbers.ljust(30) + b"]")
    content = pdf[:gap] + pdf[after:]
    cms = pki.timestamp(content, STAMPED) if is_stamp else sign_content(content, who)
    return put(pdf, gap, cms)


def put(pdf: bytes, gap: int, cms: bytes) -> bytes:
    """Write a value into its place."""
    return pdf[: gap + 1] + cms.hex().encode().ljust(ROOM, b"0") + pdf[gap + 1 + ROOM :]


def sign_content(content: bytes, *signers: Holder) -> bytes:
    """Return a detached CMS with a timestamp and OCSP responses, of IVAN if nobody is named."""
    people = signers or (IVAN,)
    infos = [_sign_as(who, content) for who in people]
    revocation = [*(good(who.serial) for who in people), good(pki.stamper().serial)]
    held = [der.tlv(0xA1, der.oid("1.3.6.1.5.5.7.16.2") + one) for one in revocation]
    digests = [who.key.digest for who in people]
    return pki.signed_data(infos, [*people, NCA], None, revocation=held, digests=digests)


def _sign_as(who: Holder, content: bytes) -> bytes:
    signed = sorted(
        [*pki.attributes(content, who.key.digest), pki.signing_certificate(who.certificate)]
    )
    value = who.key.sign(der.tlv(0x31, b"".join(signed)))
    stamp = der.attribute(pki.TIMESTAMP, pki.timestamp(value, STAMPED))
    return pki.signer_info(who, signed=signed, unsigned=[stamp], signature=value)


def resign(pdf: bytes, *signers: Holder) -> bytes:
    """Replace the value of the last signature by one of other signers over the same bytes."""
    gap = pdf.rindex(b"/Contents <") + len(b"/Contents ")
    return put(pdf, gap, sign_content(pdf[:gap] + pdf[gap + ROOM + 2 :], *signers))
