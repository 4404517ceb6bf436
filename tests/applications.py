"""The applications of a test process: one for each settings and database, as far as tests share it.

To make one costs ten milliseconds, and its garbage and its statements, compiled again, as much
again. What a test is to alter, and what counts its callers, is made for that test alone.
"""

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field

from flask import Flask

from app.extensions import db
from app.factory import create_app
from app.observability.logs import log_to_stderr
from config.settings import Settings
from tests.described import DescribedClient

#: Variables of settings that are shared: with any other one, an application is of one test.
SHARED = frozenset(("DATABASE_URL", "CLAIMS", "CMS_VALIDATION", "COSIGN_GUARD", "TIMEZONE"))


def make_application(settings: Settings) -> Flask:
    """Make an application for tests."""
    app = create_app(settings)
    app.extensions["readiness"].seconds = 0  # Tests ask at once after a change.
    app.test_client_class = DescribedClient
    return app


def close_database(app: Flask) -> None:
    """Close an application's connections."""
    with app.app_context():
        db.engine.dispose()


@dataclass
class Shared:
    """An application that tests share, one after the other."""

    app: Flask
    settings: Settings
    before: tuple[object, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.before = _shape(self.app)

    def lend(self) -> Flask:
        """Return it for one test, whose standard error its log goes to."""
        log_to_stderr(self.settings.log_level, self.settings.log_format)
        return self.app

    @property
    def is_altered(self) -> bool:
        """Whether a test has altered it."""
        return _shape(self.app) != self.before


def _shape(app: Flask) -> tuple[object, ...]:
    """Return what an alteration of an application shows in."""
    functions = (app.before_request_funcs, app.after_request_funcs, app.teardown_request_funcs)
    return (
        len(app.view_functions),
        app.test_client_class,
        dict(app.config),
        *(sum(map(len, kind.values())) for kind in functions),
    )


class SharedApplications:
    """The applications that the tests of a process share, by their settings."""

    def __init__(self) -> None:
        #: The addresses of databases that are emptied for each test.
        self.urls: set[str] = set()
        self._made: dict[tuple[frozenset[tuple[str, str]], int], Shared] = {}

    def may_share(self, env: dict[str, str]) -> bool:
        """Return whether tests may share the application of these variables."""
        return env.keys() <= SHARED and env.get("DATABASE_URL") in self.urls

    def lend(self, env: dict[str, str], number: int) -> Shared:
        """Return the application of these variables; `number` distinguishes those of one test."""
        key = frozenset(env.items()), number
        if key not in self._made:
            settings = Settings.from_env(env)
            self._made[key] = Shared(make_application(settings), settings)
        return self._made[key]

    def take_back(self, shared: Shared) -> None:
        """Close what a test has opened. Raise AssertionError if it has altered the application."""
        close_database(shared.app)
        if shared.is_altered:
            self._made = {key: one for key, one in self._made.items() if one is not shared}
            raise AssertionError("a test alters no application but one of `start_own_app`")


class Loans:
    """The applications of one test, which are closed after it."""

    def __init__(self, shared: SharedApplications) -> None:
        self._shared = shared
        self._lent: Counter[frozenset[tuple[str, str]]] = Counter()
        self.stack = ExitStack()

    def start(self, **env: str) -> Flask:
        """Return an application; another one at each call, all variables being its keywords."""
        if not self._shared.may_share(env):
            return self.start_own(**env)
        key = frozenset(env.items())
        shared = self._shared.lend(env, self._lent[key])
        self._lent[key] += 1
        self.stack.callback(self._shared.take_back, shared)
        return shared.lend()

    def start_own(self, **env: str) -> Flask:
        """Make an application that no other test gets."""
        app = make_application(Settings.from_env(env))
        self.stack.callback(close_database, app)
        return app
