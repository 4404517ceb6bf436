"""What can be wrong with a request to the store. No HTTP here: `app.api.errors` maps it."""

from __future__ import annotations

from typing import ClassVar


class StoreError(Exception):
    """A request that the store refuses. `template` is the English sentence for the caller."""

    template: ClassVar[str]

    def __init__(self) -> None:
        super().__init__(self.template)
        #: What fills the template's placeholders: none so far.
        self.values: dict[str, object] = {}


class SignatureNotFound(StoreError):
    """There is no such thread, or no such version of it."""

    template = "Signature was not found"


class VersionNotSet(StoreError):
    """The thread exists, so a save must say which version it supersedes."""

    template = "Version must be set"


class VersionConflict(StoreError):
    """Somebody else saved since the caller looked: the version is not the current one."""

    template = "Version provided is not equal to actual signature version"
