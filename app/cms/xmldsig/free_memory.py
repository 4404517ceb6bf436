"""Memory that a document leaves behind, for the system.

The nodes of a tree are small allocations, which the C library keeps for later threads: 50,000
elements leave 45 MB, while the same request goes on to verify or to store the document.
"""

import ctypes

# Bytes of a document from which on that matters: giving memory back takes some milliseconds.
_LARGE = 8_000_000
# Bytes of an allocation with whose end glibc also shortens the heap of the thread that made it.
_NOTICED = 100_000

# Of glibc; others, such as musl, have no such function.
_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)


def give_back_after(size: int) -> None:
    """Return free memory to the system, after a document of so many bytes was freed.

    To be called in the thread that read the document.
    """
    if size > _LARGE and _trim is not None:
        _trim(0)
        bytearray(_NOTICED)
