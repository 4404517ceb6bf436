"""Signed parts of a SOAP message are reported, and moved or added parts are never a yes."""

from __future__ import annotations

import copy
import random
import time
from collections.abc import Callable, Sequence

import pytest
from lxml import etree

from app.cms.errors import MalformedSignature
from app.cms.parsing import parse
from app.cms.verdict import Answer, Verdict, every
from app.cms.verification.verifier import Verifier
from app.cms.xmldsig.security_tokens import DS, WSSE
from tests.cms.judging import AT, IVAN, ROOT, read, text
from tests.cpu import allowed
from tests.pki import xml_signer
from tests.pki.xml_signer import C14N, C14N_11, ENVELOPED, EXCLUSIVE, Reference, Transform
from tests.soap_messages import (
    SOAP_11,
    SOAP_12,
    WAYS,
    WSU,
    base64,
    by_key_identifier,
    element,
    message,
    token,
    with_key_info,
)

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
COVERS = "of the SOAP message the signature covers: "
ONLY = "of the SOAP message the signature covers only: "
NOT = "of the SOAP message the signature does not cover: "
MISPLACED = "parts of the SOAP message that are signed do not stand where they count: "
SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"
XENC = "{http://www.w3.org/2001/04/xmlenc#}"


def intact(document: etree._Element | str) -> Verdict:
    """Verify, and return what is said of the content; the signature itself is valid throughout."""
    written = document if isinstance(document, str) else xml_signer.text(document)
    [status] = Verifier(read(ROOT)).verify(parse(written), at=AT)
    assert status.valid.answer is YES
    return status.intact


def to(text_inside: str = "bank") -> etree._Element:
    return element("{urn:x}To", text=text_inside)


def signed(
    *parts: str, soap: str = SOAP_11, blocks: Sequence[etree._Element] = ()
) -> etree._Element:
    return message(by_key_identifier(), soap=soap, blocks=blocks, signed=parts)


@pytest.mark.parametrize("soap", [SOAP_11, SOAP_12])
@pytest.mark.parametrize(
    ("parts", "blocks", "answer", "reasons"),
    [
        (["body"], 0, YES, f"{COVERS}Body; {NOT}Timestamp"),
        (["body", "stamp"], 0, YES, f"{COVERS}Body, Timestamp"),
        (["stamp"], 0, UNKNOWN, f"{ONLY}Timestamp; {NOT}Body"),
        (["body", "stamp"], 1, UNKNOWN, f"{ONLY}Body, Timestamp; {NOT}To"),
        (["body", "stamp", "To"], 1, YES, f"{COVERS}Body, Timestamp, To"),
        (["To"], 1, UNKNOWN, f"{ONLY}To; {NOT}Body, Timestamp"),
    ],
)
def test_the_covered_parts_of_a_message_are_reported(
    soap: str, parts: list[str], blocks: int, answer: Answer, reasons: str
) -> None:
    verdict = intact(signed(*parts, soap=soap, blocks=[to()] * blocks))
    assert (verdict.answer, text(verdict)) == (answer, reasons)


@pytest.mark.parametrize("way", WAYS)
def test_a_signature_over_the_whole_message_covers_it(way: str) -> None:
    """How it names its certificate is left out with the signature, and is no content."""
    root = WAYS[way]()
    signature = next(root.iter(DS + "Signature"))
    key_info = signature.find(DS + "KeyInfo")
    parent = signature.getparent()
    assert key_info is not None
    assert parent is not None
    parent.remove(signature)
    reference = Reference("", [Transform(ENVELOPED), Transform(C14N)])
    again = xml_signer.sign(root, IVAN, reference, parent=parent)
    with_key_info(again, *key_info)
    assert (intact(root).answer, text(intact(root))) == (YES, "")


def test_a_header_may_be_signed_as_a_whole() -> None:
    root = signed("body", blocks=[to()])
    header = root[0]
    header.set(WSU + "Id", "header")
    signature = next(root.iter(DS + "Signature"))
    security = signature.getparent()
    assert security is not None
    security.remove(signature)
    transforms = [Transform(ENVELOPED), Transform(C14N)]
    references = [
        Reference("#body", [Transform(C14N)], signed=xml_signer.canonical(root[1])),
        Reference("#header", transforms, signed=xml_signer.canonical(header)),
    ]
    xml_signer.sign(root, IVAN, *references, parent=security)
    assert (intact(root).answer, text(intact(root))) == (YES, f"{COVERS}Body, Header")
    root[0].append(to("thief"))
    assert intact(root).answer is NO


def security(root: etree._Element) -> etree._Element:
    return root[0][0]


def part(root: etree._Element, name: str) -> etree._Element:
    [found] = [one for one in root.iter("*") if one.get(WSU + "Id") == name]
    return found


def body(text_inside: str = "2") -> etree._Element:
    return element(f"{{{SOAP_11}}}Body", text=text_inside)


def wrap_body(root: etree._Element) -> None:
    """Put the signed Body aside, and another one in its place."""
    old = root[1]
    root.remove(old)
    root[0].append(element("{urn:x}Wrapper", old))
    root.append(body())


def wrap_body_in_security(root: etree._Element) -> None:
    old = root[1]
    security(root).append(old)
    root.append(body())


def wrap_body_in_body(root: etree._Element) -> None:
    old = root[1]
    root.append(body())
    root[-1].append(old)


def wrap_body_in_object(root: etree._Element) -> None:
    """The part counts as one of the signature itself; it isn't where the content is."""
    old = root[1]
    signature = next(root.iter(DS + "Signature"))
    etree.SubElement(signature, DS + "Object").append(old)
    root.append(body())


def move_to_into_security(root: etree._Element) -> None:
    """An optional block with a meaning: in its present place no program reads it."""
    security(root).append(part(root, "To"))


def move_to_into_wrapper(root: etree._Element) -> None:
    root[0].append(element("{urn:x}Ignored", part(root, "To")))


def move_to_into_object(root: etree._Element) -> None:
    signature = next(root.iter(DS + "Signature"))
    etree.SubElement(signature, DS + "Object").append(part(root, "To"))


def move_stamp_into_header(root: etree._Element) -> None:
    root[0].append(part(root, "stamp"))


def move_stamp_into_another_security(root: etree._Element) -> None:
    """One that is meant for another receiver, and another Timestamp into its place."""
    other = element(WSSE + "Security", part(root, "stamp"))
    other.set(f"{{{SOAP_11}}}actor", "urn:nobody")
    root[0].append(other)
    add_stamp(root)


def add_stamp(root: etree._Element) -> None:
    created = element(WSU + "Created", text="2030-01-01T00:00:00Z")
    security(root).append(element(WSU + "Timestamp", created))


def speak_in_stamp(root: etree._Element) -> None:
    part(root, "stamp").append(to("thief"))


def duplicate_id(root: etree._Element) -> None:
    other = body()
    other.set(WSU + "Id", "body")
    root.insert(1, other)


def duplicate_plain_id(root: etree._Element) -> None:
    root[0].append(element("{urn:x}Y", Id="body"))


def add_block(root: etree._Element) -> None:
    root[0].append(to("thief"))


def add_to_security(root: etree._Element) -> None:
    security(root).append(to("thief"))


def add_user(root: etree._Element) -> None:
    name = element(WSSE + "Username", text="thief")
    security(root).append(element(WSSE + "UsernameToken", name))


def add_assertion(root: etree._Element) -> None:
    security(root).append(element(SAML + "Assertion", element(SAML + "Subject", text="thief")))


def add_to_token(root: etree._Element) -> None:
    made = token()
    made.append(to("thief"))
    security(root).append(made)


def add_object(root: etree._Element) -> None:
    signature = next(root.iter(DS + "Signature"))
    etree.SubElement(signature, DS + "Object").append(to("thief"))


def add_body(root: etree._Element) -> None:
    root.append(body())


def add_body_first(root: etree._Element) -> None:
    root.insert(1, body())


def add_header(root: etree._Element) -> None:
    root.insert(0, element(f"{{{SOAP_11}}}Header", to("thief")))


def add_text(root: etree._Element) -> None:
    root[0].tail = "2"


def add_text_in_header(root: etree._Element) -> None:
    root[0].text = "2"


def add_text_in_security(root: etree._Element) -> None:
    security(root).text = "2"


def add_attribute(root: etree._Element) -> None:
    root.set("amount", "2")


def add_attribute_in_header(root: etree._Element) -> None:
    root[0].set("{urn:x}amount", "2")


def add_instruction(root: etree._Element) -> None:
    root.insert(1, etree.ProcessingInstruction("pay", "2"))


def alter(root: etree._Element) -> None:
    root[1][0].text = "2"


def alter_namespace(root: etree._Element) -> None:
    old = root[1][0]
    root[1].replace(old, element("{urn:b}a", text="1"))


def rename_body(root: etree._Element) -> None:
    root[1].tag = f"{{{SOAP_12}}}Body"


WRAPPED = [
    wrap_body,
    wrap_body_in_security,
    wrap_body_in_body,
    move_to_into_security,
    move_to_into_wrapper,
    move_stamp_into_header,
    move_stamp_into_another_security,
]
ADDED = [
    add_stamp,
    add_block,
    add_to_security,
    add_user,
    add_assertion,
    add_to_token,
    add_object,
    add_body,
    add_body_first,
    add_header,
    add_text,
    add_text_in_header,
    add_text_in_security,
    add_attribute,
    add_attribute_in_header,
    add_instruction,
    wrap_body_in_object,
    move_to_into_object,
    duplicate_id,
    duplicate_plain_id,
]
ALTERED = [
    alter,
    alter_namespace,
    rename_body,
    speak_in_stamp,
]


@pytest.mark.parametrize("attack", [*WRAPPED, *ADDED, *ALTERED])
def test_a_message_in_which_something_was_moved_or_added_is_not_intact(
    attack: Callable[[etree._Element], None],
) -> None:
    root = signed("body", "stamp", "To", blocks=[to()])
    assert intact(root).answer is YES
    attack(root)
    verdict = intact(root)
    assert verdict.answer is (NO if attack in ALTERED else UNKNOWN)
    assert text(verdict).startswith(MISPLACED) is (attack in WRAPPED)


def test_a_timestamp_that_is_not_signed_says_nothing_but_times() -> None:
    root = signed("body")
    assert intact(root).answer is YES
    speak_in_stamp(root)
    assert (intact(root).answer, text(intact(root))) == (UNKNOWN, f"{ONLY}Body; {NOT}Timestamp")


def test_what_carries_a_signature_need_not_be_signed() -> None:
    root = signed("body", "stamp")
    security(root).append(token())
    security(root).append(
        element(XENC + "ReferenceList", element(XENC + "DataReference", URI="#x"))
    )
    root.set(WSU + "Id", "envelope")
    root.set(f"{{{SOAP_11}}}encodingStyle", "urn:y")
    root[0].set("Id", "header")
    assert intact(root).answer is YES


def test_a_second_signature_may_cover_the_first() -> None:
    root = signed("body")
    first = next(root.iter(DS + "Signature"))
    first.set("Id", "first")
    second = Reference("#first", [Transform(C14N)], signed=xml_signer.canonical(first))
    xml_signer.sign(root, IVAN, second, parent=security(root))
    statuses = Verifier(read(ROOT)).verify(parse(xml_signer.text(root)), at=AT)
    assert [one.intact.answer for one in statuses] == [YES, UNKNOWN]
    assert text(statuses[1].intact) == f"{ONLY}Signature; {NOT}Body, Timestamp"


def test_what_a_signature_says_of_itself_may_be_signed_with_the_message() -> None:
    root = signed("body")
    signature = next(root.iter(DS + "Signature"))
    key_info = signature.find(DS + "KeyInfo")
    assert key_info is not None
    key_info.set("Id", "key")
    reference = signature[0][2]
    again = etree.fromstring(etree.tostring(reference))
    again.set("URI", "#key")
    signature[0].append(again)
    exclusive = Transform(xml_signer.EXCLUSIVE)
    digest = xml_signer.sha256(xml_signer.canonical(key_info, exclusive))
    again[-1].text = base64(digest)
    xml_signer.resign(signature, IVAN)
    assert (intact(root).answer, text(intact(root))) == (
        YES,
        f"{COVERS}Body, KeyInfo; {NOT}Timestamp",
    )


def test_the_token_as_str_transform_gives_it_is_unknown() -> None:
    """STR-Transform (WS-Security section 8.3) is not processed."""
    uri = (
        "http://docs.oasis-open.org/wss/2004/01/"
        "oasis-200401-wss-soap-message-security-1.0#STR-Transform"
    )
    root = signed("body", "stamp")
    signature = next(root.iter(DS + "Signature"))
    signature[0][3][0][0].set("Algorithm", uri)
    xml_signer.resign(signature, IVAN)
    verdict = intact(root)
    assert (verdict.answer, text(verdict)) == (UNKNOWN, f"{uri} is not supported")


@pytest.mark.parametrize(
    "tag", [XENC + "EncryptedData", "{http://www.w3.org/2004/08/xop/include}Include"]
)
def test_content_that_is_not_there_is_unknown(tag: str) -> None:
    root = signed("body", "stamp")
    inner = root[1][0]
    inner.text = None
    inner.append(element(tag))
    verdict = intact(root)
    assert verdict.answer is UNKNOWN
    assert text(verdict) == "a part of the signed data is encrypted, or is stored elsewhere"
    # What stands outside of what was altered doesn't help.
    inner.remove(inner[0])
    root[0].append(element(tag))
    assert intact(root).answer is NO
    whole = etree.fromstring("<a><b/></a>")
    xml_signer.sign(whole, IVAN)
    whole[0].append(element(tag))
    assert intact(whole).answer is UNKNOWN


def test_a_signature_may_stand_in_the_header_itself() -> None:
    root = signed("body")
    signature = next(root.iter(DS + "Signature"))
    root[0].append(signature)
    root[0].remove(security(root))
    assert (intact(root).answer, text(intact(root))) == (YES, f"{COVERS}Body")
    etree.SubElement(signature, DS + "Object").append(to("thief"))
    assert intact(root).answer is UNKNOWN


def parts_that_count(root: etree._Element) -> list[bytes] | None:
    """Return what a reader takes from a message; None if it can't be read."""
    soap = f"{{{SOAP_11}}}"
    if [one.tag for one in root] != [soap + "Header", soap + "Body"]:
        return None
    header = root[0]
    blocks = [one for one in header if one.tag not in (WSSE + "Security", DS + "Signature")]
    stamps = list(header.iter(WSU + "Timestamp"))
    places = [one.getparent().tag for one in stamps]  # type: ignore[union-attr]
    read_parts = [*blocks, root[1], *stamps]
    return [*(str(place).encode() for place in places), *map(xml_signer.canonical, read_parts)]


@pytest.mark.slow
def test_a_message_that_was_shuffled_by_chance_is_never_intact_if_it_reads_otherwise() -> None:
    chance = random.Random(9)
    original = signed("body", "stamp", "To", blocks=[to()])
    security(original).append(token())
    written = etree.tostring(original)
    counts = {YES: 0, NO: 0, UNKNOWN: 0}
    for _ in range(1500):
        root = etree.fromstring(written)
        for _ in range(chance.choice((1, 1, 2, 3))):
            shuffle(root, chance)
        try:
            signature = parse(xml_signer.text(root))
        except MalformedSignature:
            continue
        for status in Verifier().verify(signature, at=AT):
            counts[status.intact.answer] += 1
            if every(status.intact, status.valid).answer is YES:
                assert parts_that_count(root) == parts_that_count(original), etree.tostring(root)
    assert min(counts.values()) > 50


def shuffle(root: etree._Element, chance: random.Random) -> None:
    """Move, copy, rename, fill or drop an element anywhere, or swap an Id."""
    elements = list(root.iter("*"))
    if len(elements) < 2:
        return
    one, other = chance.choice(elements[1:]), chance.choice(elements)
    parent = one.getparent()
    if parent is None:
        return
    action = chance.randrange(6)
    if action == 0 and one not in (other, *other.iterancestors()):
        other.insert(chance.randrange(len(other) + 1), one)
    elif action == 1:
        other.insert(chance.randrange(len(other) + 1), copy.deepcopy(one))
    elif action == 2:
        one.tag = str(other.tag)
    elif action == 3:
        one.text = (one.text or "") + "2"
    elif action == 4:
        parent.remove(one)
    else:
        ids = [part for part in elements if part.get(WSU + "Id")] or [one]
        chance.choice(ids).set(WSU + "Id", str(chance.choice(ids).get(WSU + "Id")))


def test_comments_are_reported() -> None:
    root = signed("body", "stamp")
    root.insert(1, etree.Comment("x"))
    assert text(intact(root)) == f"comments are not signed; {COVERS}Body, Timestamp"
    root[2][0].insert(0, etree.Comment("x"))
    root[2][0].text, root[2][0][0].tail = "", "1"
    assert intact(root).answer is UNKNOWN


def test_an_envelope_of_something_else_is_a_document() -> None:
    root = etree.fromstring('<Envelope xmlns="urn:x"><Body Id="x">1</Body><Rest/></Envelope>')
    reference = Reference("#x", [Transform(C14N)], signed=xml_signer.canonical(root[0]))
    xml_signer.sign(root, IVAN, reference)
    assert text(intact(root)) == (
        "the signature covers only a part of the document;"
        " of the document the signature covers: Body"
    )


def test_of_many_parts_some_are_named() -> None:
    blocks = [element(f"{{urn:x}}B{number}") for number in range(12)]
    names = [f"B{number}" for number in range(12)]
    verdict = intact(signed("body", *names, blocks=blocks))
    assert text(verdict) == f"{COVERS}Body, {', '.join(names[:9])}, …; {NOT}Timestamp"
    long = intact(signed("body", blocks=[element("{urn:x}" + "L" * 900)]))
    assert len(text(long)) < 400


XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


@pytest.mark.parametrize(
    ("place", "name", "reported"),
    [
        ("envelope", XML_LANG, "Envelope/@lang"),
        ("envelope", "{http://www.w3.org/XML/1998/namespace}space", "Envelope/@space"),
        ("header", XML_LANG, "Header/@lang"),
        ("security", XML_LANG, "Security/@lang"),
        ("security", "note", "Security/@note"),
        ("envelope", f"{{{SOAP_11}}}encodingStyle", "Envelope/@encodingStyle"),
        ("envelope", "{http://www.w3.org/2001/XMLSchema-instance}type", "Envelope/@type"),
        ("header", "id", ""),
        ("envelope", WSU + "Id", ""),
        ("security", f"{{{SOAP_11}}}mustUnderstand", ""),
    ],
)
def test_attributes_around_the_parts_that_no_one_signed_are_reported(
    place: str, name: str, reported: str
) -> None:
    """The exclusive form leaves them out of each part, so they can be added and changed."""
    root = signed("body", "stamp")
    places = {"envelope": root, "header": root[0], "security": security(root)}
    places[place].set(name, "1")
    verdict = intact(root)
    expected = f"{COVERS}Body, Timestamp" + (f"; {NOT}{reported}" if reported else "")
    assert (verdict.answer, text(verdict)) == (YES, expected)


@pytest.mark.parametrize(
    ("form", "own", "reported"),
    [
        (C14N, None, ""),
        (C14N_11, None, ""),
        (EXCLUSIVE, None, f"; {NOT}Envelope/@lang"),
        (C14N, "ru", f"; {NOT}Envelope/@lang"),
    ],
)
def test_attributes_that_a_signed_part_takes_over_are_signed(
    form: str, own: str | None, reported: str
) -> None:
    root = signed("body", "stamp")
    root.set(XML_LANG, "kk")
    if own:
        root[1].set(XML_LANG, own)
    around = security(root)
    around.remove(next(root.iter(DS + "Signature")))
    octets = xml_signer.canonical(root[1], Transform(form))
    if form != EXCLUSIVE and not own:  # A part inherits it.
        octets = octets.replace(b">", b' xml:lang="kk">', 1)
    plain = Transform(EXCLUSIVE)
    stamp = xml_signer.canonical(part(root, "stamp"), plain)
    references = [
        Reference("#body", [Transform(form)], signed=octets),
        Reference("#stamp", [plain], signed=stamp),
    ]
    xml_signer.sign(root, IVAN, *references, parent=around, canonicalisation=plain)
    verdict = intact(root)
    assert (verdict.answer, text(verdict)) == (YES, f"{COVERS}Body, Timestamp{reported}")


def test_an_instruction_in_the_security_header_makes_no_message() -> None:
    root = signed("body", "stamp")
    security(root).append(etree.ProcessingInstruction("pay", "100"))
    assert intact(root).answer is UNKNOWN


def hostile_blocks() -> str:
    """Many signatures over the Header, and many blocks in it."""
    root = signed("body")
    root[0].set("Id", "header")
    signature = next(root.iter(DS + "Signature"))
    signature[0][2].set("URI", "#header")
    written = etree.tostring(signature, encoding="unicode")
    document = xml_signer.text(root).replace("#body", "#header")
    many = document.replace("</ds:Signature>", "</ds:Signature>" + written * 200)
    return many.replace("</s:Header>", "<x/>" * 70_000 + "</s:Header>")


def hostile_depth() -> str:
    """Many signatures over an element that is deep inside, and nothing around it is signed."""
    root = signed("body")
    deep = root[1]
    for _ in range(200):
        deep = etree.SubElement(deep, "d")
    deep.set("Id", "deep")
    document = xml_signer.text(root).replace("#body", "#deep")
    start, stop = document.index("<ds:Reference"), document.index("</ds:Reference>") + 15
    document = document[:start] + document[start:stop] * 200 + document[stop:]
    start, stop = document.index("<ds:Signature "), document.index("</ds:Signature>") + 15
    return document[:start] + document[start:stop] * 40 + document[stop:]


@pytest.mark.attacks
@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize("build", [hostile_blocks, hostile_depth])
def test_a_message_that_is_built_to_cost_much_is_checked_in_limited_time(
    build: Callable[[], str],
) -> None:
    signature = parse(build())
    started = time.process_time()
    statuses = Verifier().verify(signature, at=AT)
    assert time.process_time() - started < allowed(5)
    assert not any(status.intact.answer is YES for status in statuses)
