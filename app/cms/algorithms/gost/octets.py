"""Types shared by all hash implementations."""

from collections.abc import Callable
from mmap import mmap
from typing import TypeAlias

Octets: TypeAlias = bytes | bytearray | memoryview | mmap
"""What can be hashed. The items of a memoryview are octets."""
HashFunction: TypeAlias = Callable[[Octets], bytes]
"""A hash function."""
