"""A signature comes into its thread: alone, beside others, or first of two at once."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import select, update

from app.cms import Reason, SignedData, SignedXml
from app.evidence.obtaining import Outcome
from app.signing import preparing, saving
from app.signing.declining import decline
from app.signing.refusals import Refusal
from app.signing.terms import SigningTerms
from app.store.database.engine import transaction
from app.store.errors import EvidenceImpossible
from app.store.evidence.keeping import Item, State
from app.store.models import EvidenceItem, EvidenceJob, Signer, Version
from app.store.packages.writing import rescind_package
from app.store.signatures.extraction import read_kept
from app.trust.examiner import Examiner
from tests import der, pki
from tests.api import people
from tests.api.people import chief, ivan
from tests.gost_signer import GOST_2015_512
from tests.pki import CONTENT
from tests.signing.desk import CHIEF, IVAN, Desk, signed
from tests.store.threads import get, save


def names(signature: SignedData) -> list[str | None]:
    return [signer.claims.surname for signer in signature.signers]


def refuse(desk: Desk, token: str, text: str, content: bytes | None = CONTENT) -> Refusal:
    with pytest.raises(Refusal) as caught:
        desk.sign(token, text, content)
    return caught.value


def test_the_first_signature_begins_the_thread(desk: Desk) -> None:
    token = desk.token(desk.put())
    saved = desk.sign(token, signed(ivan()))
    assert (saved.version, saved.document.document) == (1, "doc")
    assert saved.marks.without_timestamp
    assert saved.marks.revocation
    assert desk.open(token).state == "signed"
    with desk.engine.connect() as connection:
        row = connection.execute(select(Version.method, Version.content_sha256)).one()
    assert tuple(row) == ("ncalayer", desk.open(token).documents[0].sha256)


def test_the_second_signer_is_added_and_tags_and_stage_stay(desk: Desk) -> None:
    public_id = desk.put()
    desk.sign(desk.token(public_id), signed(ivan()))
    before = get(desk.engine)
    save(desk.engine, seen=1, cms=before.text, tags=("loan",), stage="2")
    desk.sign(desk.token(public_id, 2), signed(chief()), method="upload")
    after = get(desk.engine)
    assert names(desk.current()) == ["ИВАНОВ", "ПЕТРОВА"]
    assert (after.version, after.tags, after.stage) == (3, ["loan"], "2")
    assert desk.open(desk.token(public_id)).state == "done"


def test_an_upload_may_contain_those_who_signed_before(desk: Desk) -> None:
    public_id = desk.put()
    desk.sign(desk.token(public_id), signed(ivan()))
    desk.sign(desk.token(public_id, 2), signed(ivan(), chief()))
    assert names(desk.current()) == ["ИВАНОВ", "ПЕТРОВА"]


def test_attached_content_needs_no_document_beside(desk: Desk) -> None:
    desk.sign(desk.token(desk.put()), signed(ivan(), attached=True), None)
    assert desk.current().attached


def test_a_known_sha256_is_enough_for_a_signature_by_sha256(desk: Desk) -> None:
    desk.sign(desk.token(desk.put()), signed(ivan()), None)
    assert desk.version() == 1


def test_two_who_sign_at_once_are_both_in_the_thread(desk: Desk) -> None:
    public_id = desk.put()
    start, failures = Barrier(2), list[BaseException]()

    def go(signer: int, text: str) -> None:
        start.wait()
        try:
            desk.sign(desk.token(public_id, signer), text)
        except BaseException as error:  # noqa: BLE001  # shown by the test
            failures.append(error)

    threads = [
        Thread(target=go, args=(number, signed(who))) for number, who in ((1, ivan()), (2, chief()))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert sorted(map(str, names(desk.current()))) == ["ИВАНОВ", "ПЕТРОВА"]
    assert desk.version() == 2


def test_who_always_comes_second_is_told_in_the_end(
    desk_on_file: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = desk_on_file
    token = desk.token(desk.put())
    read = saving._read_current
    monkeypatch.setattr(saving, "PAUSE", 0)

    def read_and_be_late(*arguments: Any) -> Any:
        found = read(*arguments)
        save(desk.engine, seen=found.version if found else None, cms=signed(chief()))
        return found

    monkeypatch.setattr(saving, "_read_current", read_and_be_late)
    assert refuse(desk, token, signed(ivan())).kind == "too_busy"
    assert desk.version() == saving.ATTEMPTS


def test_the_same_signature_twice_is_nothing_new(desk_on_file: Desk) -> None:
    desk = desk_on_file
    token = desk.token(desk.put(sha256=None))
    save(desk.engine, cms=signed(ivan()))
    assert refuse(desk, token, signed(ivan())).kind == "nothing_new"


def test_a_version_over_another_document_is_not_continued(desk_on_file: Desk) -> None:
    desk = desk_on_file
    other = signed(chief(), content=b"an older contract")
    save(desk.engine, cms=other)
    token = desk.token(desk.put(sha256=None))
    assert refuse(desk, token, signed(ivan())).kind == "thread_differs"
    token = desk.token(desk.put())
    desk.terms = SigningTerms(keeps_cosigners=True)
    assert refuse(desk, token, signed(ivan()), None).kind == "thread_differs"
    desk.terms = SigningTerms()
    desk.sign(token, signed(ivan()), None)
    assert names(desk.current()) == ["ИВАНОВ"]


def test_what_is_no_cms_is_not_continued(desk_on_file: Desk) -> None:
    desk = desk_on_file
    token = desk.token(desk.put())
    for seen, text in enumerate(("no signature", pki.sign_xml())):
        save(desk.engine, seen=seen, cms=text)
        assert refuse(desk, token, signed(ivan())).kind == "thread_not_cms"


def test_what_can_t_be_joined_is_refused_with_the_reason(desk_on_file: Desk) -> None:
    desk = desk_on_file
    save(desk.engine, cms=beside_a_false_certificate(chief().key))
    refusal = refuse(desk, desk.token(desk.put(), 2), signed(chief()))
    assert refusal.kind == "not_joined"
    assert "another certificate" in str(refusal)


@pytest.mark.attacks
def test_a_false_certificate_of_another_key_keeps_nobody_out(desk_on_file: Desk) -> None:
    desk = desk_on_file
    save(desk.engine, cms=beside_a_false_certificate(pki.rsa_key("false")))
    desk.sign(desk.token(desk.put(), 2), signed(chief()))
    assert names(desk.current()) == ["ИВАНОВ", "ПЕТРОВА"]


def beside_a_false_certificate(key: pki.Key) -> str:
    """Return what Ivan signed, with a certificate that has the chief's issuer and number."""
    subject, serial = chief().subject, chief().serial
    false = pki.certify(subject, key, pki.authority(), pki.PERSON, serial=serial)
    cms = pki.signed_data([pki.signer_info(ivan())], [ivan(), pki.authority(), false], None)
    return pki.pem(cms)


def test_a_link_that_can_t_be_used_any_more_saves_nothing(desk: Desk) -> None:
    public_id = desk.put()
    token = desk.token(public_id)
    decline(desk.engine, token, desk.store.trusted, "wrong price")
    decline(desk.engine, token, desk.store.trusted, "again")
    assert desk.open(token).declined
    assert refuse(desk, token, signed(ivan())).kind == "not_asked"
    with transaction(desk.engine) as connection:
        rescind_package(connection, public_id, None)
    with pytest.raises(Refusal, match="not_asked"):
        decline(desk.engine, desk.token(public_id, 2), desk.store.trusted, "late")


def test_a_package_that_is_cancelled_meanwhile_saves_nothing(
    desk_on_file: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = desk_on_file
    public_id = desk.put()

    def prepare_and_cancel(*arguments: Any) -> Any:
        with transaction(desk.engine) as connection:
            rescind_package(connection, public_id, None)
        return preparing.prepare(*arguments)

    monkeypatch.setattr(saving, "prepare", prepare_and_cancel)
    assert refuse(desk, desk.token(public_id), signed(ivan())).kind == "not_asked"
    with desk.engine.connect() as connection:
        assert connection.execute(select(Version.version)).first() is None


def test_in_a_sequence_the_second_waits(desk_on_file: Desk) -> None:
    desk = desk_on_file
    token = desk.token(desk.put(IVAN, CHIEF, type="Sequential"), 2)
    assert refuse(desk, token, signed(chief())).kind == "not_asked"


def test_evidence_is_queued_if_the_settings_say_so(desk_on_file: Desk) -> None:
    desk = desk_on_file
    desk.terms = SigningTerms(queues_evidence=True)
    desk.sign(desk.token(desk.put()), signed(ivan()))
    with desk.engine.connect() as connection:
        assert connection.execute(select(EvidenceJob.version)).scalars().all() == [1]


@dataclass
class Obtained:
    """What obtains evidence while a save waits: here at once, or never."""

    fails: bool = False
    asked: list[SignedData | SignedXml] = field(default_factory=list)

    def obtain(self, signature: SignedData | SignedXml) -> Outcome:
        self.asked.append(signature)
        if self.fails:
            raise EvidenceImpossible(number=1, reason=Reason("the TSA refuses"))
        return Outcome(
            [Item(1, "timestamp", b"token")], [State(number=1, state="complete", card=False)]
        )


def test_evidence_that_is_required_is_kept_with_the_version(desk_on_file: Desk) -> None:
    desk = desk_on_file
    token = desk.token(desk.put())
    desk.more["requirement"] = Obtained(fails=True)
    refusal = refuse(desk, token, signed(ivan()))
    assert (refusal.kind, str(refusal.reason)) == ("no_evidence", "the TSA refuses")
    desk.more["requirement"] = Obtained()
    desk.sign(token, signed(ivan()))
    with desk.engine.connect() as connection:
        assert connection.execute(select(EvidenceItem.kind)).scalars().all() == ["timestamp"]


def test_who_signed_another_document_never_counts_by_the_digest_of_this_one(
    desk_on_file: Desk,
) -> None:
    """SHA-256 alone doesn't show what a digest by Streebog is of, so it isn't kept for all."""
    desk = desk_on_file
    public_id = desk.put(IVAN, {"iin": people.CHIEF_IIN})
    key = pki.gost_key("chief", GOST_2015_512)
    other = pki.certify(chief().subject, key, pki.authority(), pki.PERSON)
    cms = people.cms(other, content=b"another document", attached=False)
    save(desk.engine, cms=cms, signing=read_kept(cms, datetime.now(UTC)))
    desk.sign(desk.token(public_id), signed(ivan()), None)
    people.trust(desk.folder / "intermediates", pki.authority("ANOTHER"))
    list(Examiner(desk.engine, desk.store.trust).examine())
    assert desk.open(desk.token(public_id)).state == "signed"
    assert desk.open(desk.token(public_id, 2)).state == "ready"
    with desk.engine.connect() as connection:
        digests = connection.execute(select(Version.content_sha256).order_by(Version.version))
        assert list(digests.scalars()) == [None, None]


def test_by_a_link_of_a_former_package_nobody_ends_what_a_later_one_had_signed(
    desk: Desk,
) -> None:
    former = desk.token(desk.put(IVAN))
    later = desk.put(IVAN, sha256=sha256(b"corrected").hexdigest())
    desk.sign(desk.token(later), signed(ivan(), content=b"corrected"), b"corrected")
    assert refuse(desk, former, signed(ivan())).kind == "thread_differs"
    assert desk.open(desk.token(later)).state == "done"
    with transaction(desk.engine) as connection:
        rescind_package(connection, later, None)
    desk.sign(former, signed(ivan()))


def test_the_later_package_is_the_one_that_was_sent_later(desk_on_file: Desk) -> None:
    desk = desk_on_file
    sent_late = desk.put(IVAN, opened_at=datetime.now(UTC))
    former = desk.put(IVAN, sha256=sha256(b"draft").hexdigest())
    desk.sign(desk.token(former), signed(ivan(), content=b"draft"), b"draft")
    desk.sign(desk.token(sent_late), signed(ivan()))
    assert desk.open(desk.token(sent_late)).state == "done"
    again = signed(ivan(), content=b"draft")
    assert refuse(desk, desk.token(former), again, b"draft").kind == "thread_differs"


def test_an_authority_that_the_first_signer_sent_serves_the_second(
    desk_on_file: Desk, tmp_path: Path
) -> None:
    desk = replace(desk_on_file, folder=people.trust(tmp_path / "root_alone", pki.root()))
    public_id = desk.put()
    desk.sign(desk.token(public_id), signed(ivan()))
    alone = pki.signed_data([pki.signer_info(chief())], [chief()], None)
    desk.sign(desk.token(public_id, 2), b64encode(alone).decode())
    assert [desk.open(desk.token(public_id, number)).state for number in (1, 2)] == ["done"] * 2


@pytest.mark.attacks
def test_nobody_brings_so_many_certificates_that_the_next_signer_finds_no_room(
    desk_on_file: Desk,
) -> None:
    desk = desk_on_file
    token = desk.token(desk.put())
    others = [
        der.sequence(
            der.sequence(der.explicit(0, der.integer(2)), der.integer(number), der.sequence())
        )
        for number in range(1_022)
    ]
    cms = pki.signed_data([pki.signer_info(ivan())], [*others, ivan(), pki.authority()], CONTENT)
    full = b64encode(cms).decode()
    assert refuse(desk, token, full).kind == "too_many_certificates"
    desk.sign(token, signed(ivan()))
    assert desk.version() == 1


@pytest.mark.attacks
def test_who_signed_before_by_gost_still_does_when_the_next_comes_without_the_document(
    desk: Desk,
) -> None:
    public_id = desk.put()
    key = pki.gost_key("ivan", GOST_2015_512)
    gost = pki.certify(ivan().subject, key, pki.authority(), list(pki.PERSON))
    info = pki.signer_info(gost)
    first = pki.signed_data([info], [gost, pki.authority()], None, digests=[GOST_2015_512.digest])
    desk.sign(desk.token(public_id), b64encode(first).decode())
    desk.sign(desk.token(public_id, 2), signed(chief()), None)
    assert desk.open(desk.token(public_id)).state == "done"
    judged = Examiner(desk.engine, desk.store.trust)
    with desk.engine.connect() as connection:
        connection.execute(update(Signer).values(judged_against=None))
    assert list(judged.examine()) == [2]
    assert desk.open(desk.token(public_id)).state == "done"


@pytest.mark.attacks
def test_the_document_is_needed_again_beside_who_signed_without_signed_attributes(
    desk: Desk,
) -> None:
    public_id = desk.put()
    info = pki.signer_info(ivan(), signed=None)
    first = pki.signed_data([info], [ivan(), pki.authority()], None)
    desk.sign(desk.token(public_id), b64encode(first).decode())
    token = desk.token(public_id, 2)
    assert refuse(desk, token, signed(chief()), None).kind == "document_needed"
    assert desk.open(desk.token(public_id)).state == "signed"
    desk.sign(token, signed(chief()))
    assert desk.open(token).state == "done"
