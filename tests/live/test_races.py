"""Many clients and several worker processes: the database decides who wins."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.live.client import Client, assert_whole, together
from tests.live.conftest import Database
from tests.live.server import Server

CROWD = 16
STALE = "Version provided is not equal to actual signature version"


@pytest.mark.parametrize("rounds", [5])
def test_of_all_writers_of_one_version_exactly_one_wins(
    server: Server, client: Client, rounds: int
) -> None:
    client.saved("race")
    for version in range(1, rounds + 1):
        answers = together(
            server.address,
            CROWD,
            lambda one, index, seen=version: one.save(  # type: ignore[misc]
                "race", version=seen, version_comment=f"writer {index}", tags=[f"by {index}"]
            ),
        )
        assert Counter(answer.status_code for answer in answers) == {201: 1, 400: CROWD - 1}
        assert {answer.json()["message"] for answer in answers if not answer.ok} == {STALE}
        (winner,) = (answer.json()["content"]["signature"] for answer in answers if answer.ok)
        assert client.read("race").json()["content"]["signature"] == winner
        assert winner["version"] == version + 1
    assert_whole(client)


def test_of_all_first_savers_of_one_thread_exactly_one_wins(server: Server, client: Client) -> None:
    for number in range(5):
        answers = together(
            server.address,
            CROWD,
            lambda one, index, name=f"first {number}": one.save(  # type: ignore[misc]
                name, tags=[f"by {index}"]
            ),
        )
        assert Counter(answer.status_code for answer in answers) == {201: 1, 400: CROWD - 1}
        messages = {answer.json()["message"] for answer in answers if not answer.ok}
        assert messages == {"Version must be set"}
    assert_whole(client)


def test_the_same_new_tags_in_many_threads_are_saved_by_everyone(
    server: Server, client: Client
) -> None:
    for number in range(4):
        tags = [f"new {number}.{index}" for index in range(20)]
        answers = together(
            server.address,
            CROWD,
            lambda one, index, some=tags: one.save(  # type: ignore[misc]
                f"tagged {index}", some[0], tags=some if index % 2 else some[::-1]
            ),
        )
        assert [answer.status_code for answer in answers] == [201] * CROWD
        assert len(client.listed(tags=tags[7])) == CROWD
    assert_whole(client)


def test_writers_who_guess_the_next_versions_leave_no_tag_behind(
    server: Server, client: Client
) -> None:
    """A guess may come true while it waits for the version before it to be committed."""
    client.saved("guess", tags=["tag 1"])
    for _ in range(6):
        current = client.read("guess").json()["content"]["signature"]["version"]
        answers = together(
            server.address,
            CROWD,
            lambda one, index, seen=current: one.save(  # type: ignore[misc]
                "guess", version=seen + index % 4, tags=[f"tag {seen + index % 4 + 1}"]
            ),
        )
        assert {answer.status_code for answer in answers} == {201, 400}
    assert_whole(client)


def test_deleters_against_savers_leave_whole_threads_or_none(
    server: Server, client: Client, database: Database
) -> None:
    def save(one: Client, index: int) -> Counter[int]:
        statuses: Counter[int] = Counter()
        seen = 1
        for step in range(15):
            answer = one.save(
                f"fought {step % 3}", version=seen, tags=[f"fighter {index}", f"at {step}"]
            )
            statuses[answer.status_code] += 1
            answer = one.read(f"fought {step % 3}")
            statuses[answer.status_code] += 1
            seen = answer.json()["content"]["signature"]["version"] if answer.ok else 1
        return statuses

    def delete(one: Client, _index: int) -> Counter[int]:
        return Counter(one.delete(f"fought {step % 3}").status_code for step in range(15))

    statuses = sum(
        together(
            server.address,
            CROWD,
            lambda one, index: save(one, index) if index % 4 else delete(one, index),
        ),
        Counter[int](),
    )
    refusals = {400, 404}
    if database.url.startswith("sqlite"):
        # A busy machine may keep one of its writers waiting for too long: it is told to come again.
        refusals.add(503)
    assert set(statuses) <= {200, 201} | refusals
    assert statuses[503] < statuses[201]
    assert_whole(client)
    for number in range(3):
        client.delete(f"fought {number}")
        assert client.read(f"fought {number}").status_code == 404
    for index in range(CROWD):
        assert client.listed(tags=f"fighter {index}") == []
