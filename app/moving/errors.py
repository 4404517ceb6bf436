"""Reasons for which nothing can be moved, each in one sentence."""


class MoveError(Exception):
    """The original's database or key can't be used; the text says why."""


class Undecryptable(Exception):
    """A text can't be decrypted: wrong key, or altered text."""
