"""Lines of the log, whatever is in them."""

import json
import logging
import sys
from collections.abc import Callable
from typing import Any

import pytest

from app.observability.logs import JsonFormatter, TextFormatter, log_to_stderr


def record(message: str, *args: object, **more: Any) -> logging.LogRecord:
    made = logging.LogRecord("app.test", logging.WARNING, __file__, 1, message, args, None)
    made.__dict__.update(more)
    return made


def raised() -> Any:
    """Return what is known of an exception that was raised in a function of that name."""

    def deep() -> None:
        raise ValueError("900101300017")

    try:
        deep()
    except ValueError:
        return sys.exc_info()


def test_a_line_is_one_json_object() -> None:
    written = JsonFormatter().format(record("a %s\nb", "б\x00\x1b"))
    assert "\n" not in written
    line = json.loads(written)
    assert line["message"] == "a б\x00\x1b\nb"
    assert (line["level"], line["logger"]) == ("WARNING", "app.test")


def test_half_a_character_is_no_reason_to_lose_a_line() -> None:
    line = json.loads(JsonFormatter().format(record("a \udcff b")))
    assert line["message"] == "a ? b"


def test_a_field_that_is_no_json_is_written_as_text() -> None:
    written = JsonFormatter().format(record("a", fields={"odd": {1}}))
    assert json.loads(written)["odd"] == "{1}"


@pytest.mark.parametrize("formatter", [JsonFormatter, TextFormatter])
def test_an_exception_is_reported_by_its_kind_and_place(
    formatter: Callable[[], logging.Formatter],
) -> None:
    written = formatter().format(record("it failed", exc_info=raised()))
    assert "ValueError" in written
    assert "test_logs.py:" in written
    assert " deep" in written
    assert "900101300017" not in written


def test_warnings_of_libraries_are_lines_too(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr("info", "json")
    logging.getLogger("some.library").warning("look out")
    logging.getLogger("some.library").info("never mind")
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["message"] == "look out"


def test_the_development_server_keeps_addresses_to_itself(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log_to_stderr("info", "json")
    log_to_stderr("info", "json")
    server = logging.getLogger("werkzeug")
    server.warning('"%s" %s %s', "GET /?iin=900101300017", 200, "-")
    server.warning("Running")
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["message"] == "Running"
