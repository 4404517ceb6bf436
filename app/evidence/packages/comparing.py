"""Files of a package that prove nothing, for people and other programs: are they what they seem?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from typing import Final

from app.cms import PACKAGE, Certificate, SignedData, SignedXml, stamped_values
from app.evidence.packages import names
from app.evidence.packages.reading import Package, revocation_in
from app.evidence.packages.readme import write_readme
from app.trust.files import read_certificates, write_pem
from app.trust.kept import read_revocation

#: A line of the text about revocation data that were obtained for signers, of whom there are 256.
_LINE: Final = re.compile(
    r"^[0-9a-f]{64}  ((?:ocsp|crl)/\S{1,20})"
    r"  signer ([1-9][0-9]{0,4}(?:, [1-9][0-9]{0,4}){0,255})$",
    re.MULTILINE,
)
#: Bytes that the text has at most, of its own and for each of the other files.
_OWN_TEXT: Final = 16_384
_TEXT_OF_FILE: Final = 2_048


def list_others(package: Package, signature: SignedData | SignedXml) -> tuple[str, ...]:
    """List the files that are not what this program writes beside the others, in alphabetic order.

    These are a text that doesn't describe the files; octets that the timestamps of that signer are
    not over; certificates apart that are not those in the file with all, and anything else in that;
    and what verification leaves out: tokens of signers that there are none of, and damaged CRLs and
    OCSP responses.
    """
    found = {*_list_certificates(package), *_list_stamps(package, signature)}
    for name in package.files:
        item = revocation_in(name, package.files[name])
        if item and read_revocation(item, PACKAGE) is None:
            found.add(name)
    if not _is_described(package):
        found.add(names.README)
    return tuple(sorted(found))


def _list_certificates(package: Package) -> Iterator[str]:
    whole = package.files.get(names.CERTIFICATES)
    certificates: list[Certificate] = [] if whole is None else read_certificates(whole)
    pems = [*map(write_pem, certificates)]
    if whole is not None and whole != b"".join(pems):
        yield names.CERTIFICATES
    for name, data in package.files.items():
        place = names.CERTIFICATE.fullmatch(name)
        if place and data not in pems[int(place[1]) - 1 : int(place[1])]:
            yield name


def _list_stamps(package: Package, signature: SignedData | SignedXml) -> Iterator[str]:
    listed = [
        (name, found)
        for name in package.files
        if (found := names.TOKEN.fullmatch(name) or names.STAMPED.fullmatch(name))
    ]
    octets = stamped_values(signature) if listed else ()
    for name, found in listed:
        number = int(found[1])
        is_stamped = found.re is names.STAMPED
        if number > len(octets) or (is_stamped and package.files[name] != octets[number - 1]):
            yield name


def _is_described(package: Package) -> bool:
    """Return whether the text is what this program writes about the other files, if there is one.

    For which signers revocation data were obtained is in the text alone, and taken from it.
    """
    if names.README not in package.files:
        return True
    written = package.files[names.README]
    if len(written) > _OWN_TEXT + _TEXT_OF_FILE * len(package.files):
        return False
    text = written.decode(errors="replace")
    said = {one[1]: tuple(map(int, one[2].split(", "))) for one in _LINE.finditer(text)}
    listed = []
    for name, data in package.files.items():
        number = names.TOKEN.fullmatch(name) or names.STAMPED.fullmatch(name)
        numbers = (int(number[1]),) if number else said.get(name, ())
        if name != names.README:
            listed.append((name, numbers, sha256(data).hexdigest()))
    return text == write_readme(listed)
