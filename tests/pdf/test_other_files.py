"""Cards that offer other files than those that are signed, or one file under several names."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream, String

from app.pdf.cards.naming import is_executable
from app.pdf.cards.verifying import VerifiedCard, verify_attachments, verify_card
from app.pdf.child.answering import answer
from app.pdf.limits import USUAL, Limits
from app.pdf.reading import _attachments
from tests.pdf.judging import text, verify_detached
from tests.pdf.test_cards import NAME, card, made, rebuilt

pytestmark = pytest.mark.attacks

FORGED = b"I owe you 1000000"
OTHER_FILES = "unknown: the PDF offers other files than the attached ones"
OTHER_NAMES = "unknown: an attached file has different names"
SCRIPTS = "unknown: the PDF has scripts, or actions that open other files"
PROGRAM = "no: the document is a program"


def verify(data: bytes) -> VerifiedCard:
    """Verify as `verify_card` does, but without a child, so that coverage is measured."""
    return verify_attachments(_attachments(*answer("attachments", data, USUAL)), verify_detached)


def structure(change: Callable[[Pdf], object]) -> str:
    """Return what is said of a card that somebody changed."""
    with pikepdf.open(BytesIO(made())) as pdf, BytesIO() as file:
        change(pdf)
        pdf.save(file)
        found = verify(file.getvalue())
    assert found.trusted.answer is found.structure.answer
    return text(found.structure)


def specification(pdf: Pdf, name: str = NAME) -> Object:
    stream = Stream(pdf, FORGED)
    stream.Type = Name.EmbeddedFile
    held = Dictionary(F=stream, UF=stream)
    named = Dictionary(Type=Name.Filespec, F=String(name), UF=String(name), EF=held)
    return pdf.make_indirect(named)


def annotate(pdf: Pdf, **entries: Any) -> None:
    note = Dictionary(Type=Name.Annot, Rect=Array([10, 700, 30, 720]), F=4, **entries)
    pdf.pages[0].obj.Annots = Array([pdf.make_indirect(note)])


def first(pdf: Pdf) -> Object:
    """Return the file specification of the document."""
    found: Object = pdf.Root.Names.EmbeddedFiles.Names[1]
    return found


def attach_to(place: Callable[[Pdf], Object], key: str = "/AF") -> Callable[[Pdf], None]:
    return lambda pdf: place(pdf).__setitem__(key, Array([specification(pdf)]))


def with_assets(pdf: Pdf) -> None:
    assets = Dictionary(Names=Array([String(NAME), specification(pdf)]))
    annotate(pdf, Subtype=Name.RichMedia, RichMediaContent=Dictionary(Assets=assets))


def stream_of(pdf: Pdf) -> Stream:
    return Stream(pdf, FORGED)


def root(pdf: Pdf) -> Object:
    return pdf.Root


#: What lets a program offer a file that nobody signed.
OFFERED: dict[str, Callable[[Pdf], object]] = {
    "annotation": lambda pdf: annotate(
        pdf, Subtype=Name.FileAttachment, FS=specification(pdf), Contents=String("the contract")
    ),
    "annotation with a file beside": lambda pdf: annotate(
        pdf, Subtype=Name.FileAttachment, FS=Dictionary(F=String(NAME))
    ),
    "annotation with a text": lambda pdf: annotate(
        pdf, Subtype=Name.FileAttachment, FS=String(NAME)
    ),
    "annotation of a kind elsewhere": lambda pdf: annotate(
        pdf, Subtype=pdf.make_indirect(Name.FileAttachment), FS=String(NAME)
    ),
    "catalog": attach_to(root),
    "page": attach_to(lambda pdf: pdf.pages[0].obj),
    "content of a page": attach_to(lambda pdf: pdf.pages[0].obj.Contents),
    "information": attach_to(lambda pdf: pdf.trailer.Info),
    "one that is named": attach_to(first),
    "private data": attach_to(root, "/PieceInfo"),
    "trailer": lambda pdf: pdf.trailer.__setitem__("/AF", Array([specification(pdf)])),
    "specification in place": lambda pdf: pdf.Root.__setitem__(
        "/AF", Array([Dictionary(F=String("a"), EF=Dictionary(F=stream_of(pdf)))])
    ),
    "stream as a specification": lambda pdf: pdf.Root.__setitem__(
        "/AF", Array([Stream(pdf, b"", EF=Dictionary(F=stream_of(pdf)))])
    ),
    "stream of a file": lambda pdf: pdf.Root.__setitem__(
        "/Extra", Stream(pdf, FORGED, Type=Name.EmbeddedFile)
    ),
    "assets": with_assets,
    "related files": lambda pdf: first(pdf).__setitem__(
        "/RF", Dictionary(F=Array([String("x.txt"), stream_of(pdf)]))
    ),
    "a fork": lambda pdf: first(pdf).EF.F.Params.__setitem__(
        "/Mac", Dictionary(ResFork=stream_of(pdf))
    ),
    "encrypted payload": lambda pdf: first(pdf).__setitem__("/EP", Dictionary(Subtype=Name.X)),
    "address": lambda pdf: first(pdf).__setitem__("/FS", Name.URL),
    "collection": lambda pdf: pdf.Root.__setitem__("/Collection", Dictionary(D=String("2.cms"))),
}


@pytest.mark.parametrize("name", OFFERED)
def test_another_file_makes_a_card_unknown(name: str) -> None:
    said = structure(OFFERED[name])
    assert said.startswith(OTHER_FILES), said


def test_poppler_saves_the_forged_file_over_the_document(tmp_path: Path) -> None:
    """It takes files of annotations, too, and those of one name replace each other."""
    if shutil.which("pdfdetach") is None:
        pytest.skip("poppler is missing")
    with pikepdf.open(BytesIO(made())) as pdf:
        OFFERED["annotation"](pdf)
        pdf.save(tmp_path / "card.pdf")
    command = ["pdfdetach", "-saveall", "-o", str(tmp_path), str(tmp_path / "card.pdf")]
    subprocess.run(command, check=True, capture_output=True)
    assert (tmp_path / NAME).read_bytes() == FORGED
    found = verify_card((tmp_path / "card.pdf").read_bytes(), verify_detached)
    assert text(found.structure).startswith(OTHER_FILES)


def test_the_same_files_may_be_attached_elsewhere_too() -> None:
    """PDF/A-3 names the files of the catalog once more (ISO 32000-2 section 14.13)."""

    def change(pdf: Pdf) -> None:
        annotate(pdf, Subtype=Name.FileAttachment, FS=first(pdf))
        pdf.Root.AF = Array([first(pdf)])

    assert structure(change) == "yes: "


def test_specifications_may_stand_in_the_tree() -> None:
    def change(pdf: Pdf) -> None:
        leaves = pdf.Root.Names.EmbeddedFiles.Names
        for at in range(1, len(leaves), 2):
            leaves[at] = Dictionary(dict(leaves[at].items()))

    assert structure(change) == "yes: "


def test_another_direct_specification_is_found() -> None:
    def change(pdf: Pdf) -> None:
        first(pdf).Other = Dictionary(dict(first(pdf).items()))

    assert structure(change).startswith(OTHER_FILES)


@pytest.mark.parametrize(
    ("kind", "entries"),
    [
        ("JavaScript", {"JS": String("this.createDataObject('a', 'b')")}),
        ("GoToE", {"T": Dictionary(R=Name.C, N=String("0000"))}),
        ("Launch", {"F": String("a.exe")}),
        ("SubmitForm", {"F": String("a.exe")}),
        ("ImportData", {"F": String("a.fdf")}),
        ("GoToR", {"F": String("a.pdf")}),
        ("Rendition", {}),
        ("Sound", {}),
        ("Movie", {}),
    ],
)
def test_actions_that_offer_files_make_a_card_unknown(kind: str, entries: dict[str, Any]) -> None:
    def open_with(pdf: Pdf) -> None:
        pdf.Root.OpenAction = Dictionary(S=Name(f"/{kind}"), **entries)

    def on_click(pdf: Pdf) -> None:
        indirect = pdf.make_indirect(Name(f"/{kind}"))
        annotate(pdf, Subtype=Name.Link, A=Dictionary(S=indirect, **entries))

    assert structure(open_with).startswith(SCRIPTS)
    assert structure(on_click).startswith(SCRIPTS)


@pytest.mark.parametrize("kind", ["Movie", "Sound", "Screen", "3D"])
def test_media_hold_files(kind: str) -> None:
    said = structure(lambda pdf: annotate(pdf, Subtype=Name(f"/{kind}")))
    assert said.startswith("unknown: the PDF has films, sounds"), said


def test_a_form_of_its_own_kind_has_scripts() -> None:
    def change(pdf: Pdf) -> None:
        pdf.Root.AcroForm = Dictionary(Fields=Array(), XFA=Stream(pdf, b"<xdp/>"))

    assert structure(change).startswith("unknown: the PDF has a form of its own kind (XFA)")


def test_links_to_addresses_leave_a_card_as_it_is() -> None:
    def change(pdf: Pdf) -> None:
        annotate(pdf, Subtype=Name.Link, A=Dictionary(S=Name.URI, URI=String("https://a")))

    assert structure(change) == "yes: "


def test_what_pages_show_is_a_remark() -> None:
    def change(pdf: Pdf) -> None:
        layer = pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String("x")))
        shown = Dictionary(OFF=Array([layer]))
        pdf.Root.OCProperties = Dictionary(OCGs=Array([layer]), D=shown)

    assert structure(change).startswith("yes: the document has layers")


NAMES = ("/F", "/UF", "/DOS", "/Mac", "/Unix")


@pytest.mark.parametrize("key", NAMES)
def test_each_name_of_the_document_is_read(key: str) -> None:
    def program(pdf: Pdf) -> None:
        first(pdf)[key] = String("run.exe")

    def text_file(pdf: Pdf) -> None:
        first(pdf)[key] = String("other.txt")

    def no_text(pdf: Pdf) -> None:
        first(pdf)[key] = Dictionary()

    said = structure(program)
    assert said.startswith(PROGRAM), said
    assert OTHER_NAMES.partition(": ")[2] in said
    assert structure(text_file).startswith(OTHER_NAMES)
    assert structure(no_text).startswith(OTHER_NAMES)


def test_other_names_of_signatures_are_read() -> None:
    def change(pdf: Pdf) -> None:
        pdf.Root.Names.EmbeddedFiles.Names[3].F = String("contract.txt")

    assert structure(change).startswith(OTHER_NAMES)


def test_the_key_is_a_name_for_some_programs() -> None:
    def change(pdf: Pdf) -> None:
        pdf.Root.Names.EmbeddedFiles.Names[0] = String("0000.exe")

    assert structure(change).startswith(PROGRAM)


@pytest.mark.parametrize(
    "name",
    [
        *("a/../" * 200 + "run.exe", "run.exe.", "run.exe. . "),
        *("run.exe:a.txt", "run.exe\0.txt", "run.exe\n"),
    ],
)
def test_a_program_is_known_by_what_systems_make_of_its_name(name: str) -> None:
    def change(pdf: Pdf) -> None:
        first(pdf).F = first(pdf).UF = String(name)

    assert structure(change).startswith(PROGRAM)


@pytest.mark.parametrize("name", ["exe", "a.exe.txt", "a.txt", "Договор: проект.pdf"])
def test_other_documents_are_none(name: str) -> None:
    assert is_executable(name, b"") is (name == "exe")


def test_names_of_other_programs_agree() -> None:
    """Some leave /F empty, or write UTF-8 into it where the specification has one of its own."""

    def empty(pdf: Pdf) -> None:
        first(pdf).F = String("")

    def utf_8(pdf: Pdf) -> None:
        first(pdf).F = String(NAME.encode())

    def one_alone(pdf: Pdf) -> None:
        del first(pdf)["/UF"]

    for change in (empty, utf_8, one_alone):
        assert structure(change) == "yes: "


def test_a_card_of_too_many_parts_is_not_believed() -> None:
    one = card().signatures[0]
    data = rebuilt([(NAME, b"x"), ("1.cms", one.cms)])
    found, _ = answer("attachments", data, Limits(searched=5))
    assert found["doubts"] == ["unsearched"]
