"""What workers tell each other."""

from config.free_threads import PLACES, FreeThreads


def test_somebody_has_a_thread_until_the_last_one_has_none() -> None:
    threads = FreeThreads()
    assert not threads.are_there()
    for place in (0, PLACES - 1):
        threads.tell(place, free=True)
    threads.tell(0, free=False)
    assert threads.are_there()
    threads.tell(PLACES - 1, free=False)
    assert not threads.are_there()


def test_a_worker_beyond_the_places_says_nothing() -> None:
    threads = FreeThreads()
    threads.tell(PLACES, free=True)
    assert not threads.are_there()
