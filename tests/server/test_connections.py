"""The connections that workers report to each other."""

from app.server.connections import PLACES, Connections


def test_it_is_the_turn_of_who_has_fewest() -> None:
    connections = Connections()
    assert connections.is_turn_of(0)
    connections.set_load(0, 2)
    connections.set_load(1, 1)
    assert [connections.is_turn_of(place) for place in (0, 1)] == [False, True]
    connections.set_load(1, 2)
    assert [connections.is_turn_of(place) for place in (0, 1)] == [True, True]
    connections.set_load(0, 3)
    connections.set_load(1, None)  # It takes none any more.
    assert connections.is_turn_of(0)


def test_a_worker_beyond_the_places_takes_no_part() -> None:
    connections = Connections()
    connections.set_load(PLACES, 1)
    connections.set_load(0, 0)
    assert connections.is_turn_of(PLACES)
