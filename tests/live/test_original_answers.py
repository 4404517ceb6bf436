"""The original's answers, beside ours: the same, or one of the rows of docs/differences.md."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from tests.live.original import Question, ask, questions
from tests.live.server import PROJECT, Server

_TABLE = (PROJECT / "docs" / "differences.md").read_text("utf-8")
#: Row of the table -> the questions that it is about, by their names.
ROWS = {
    "cms-as-sent": r"(get )?CMS (with|in) .*|save, cms with blanks around",
    "cms-checked": r"save, (garbage cms|truncated cms|certificate instead .*|cms (12|1\.5|1e20))",
    "version-types": (
        r"(new|existing) thread, version (text (abc|1\.9|1abc|0x1|1e0)|1\.5|true|false|list.*"
        r"|empty list|object|1e400|int64 wrap)"
    ),
    "text-types": (
        r"save, (document|thread|cms|version_created_by|version_comment|stage) "
        r"(true|false|list.*|empty list|object)|save, data of another type"
        r"|get: JSON body (object|true)"
    ),
    "zero": r"save, (document|thread|cms) (text )?0|get: text 0 both",
    "float-text": r"save, (document|thread) 1e20",
    "length": (
        r"save, (document|thread) 256 .*|save, version_created_by of 256"
        r"|save, version_comment of (256|1000)|save, tags 256 chars|save, stage 256"
    ),
    "author-length": r"save, version_created_by of (101|255)",
    "nul": (
        r"save, (document|thread) NUL .*|save, (version_.*|tags) NUL|get odd: NUL cut"
        r"|GET: NUL in a parameter"
    ),
    "unicode": r"save, .* lone surrogate",
    "utf-8": r"query: invalid UTF-8|GET: (invalid|overlong) UTF-8.*",
    "tags-text": r"save, tags (text|text with comma|number|0|=.*)|list: two tags, plain"
    r"|save, tags=, tags= in the query",
    "tags-twice": r"save, tags (duplicates.*|number and its text)",
    "tags-types": r"save, tags (true|false|booleans|.* inside|object)",
    "tags-limit": r"save, tags 201",
    "older-names": r"(save|get|delete)[,:] (chain|signature) .*",
    "stage": r"get: stage that is not",
    "data": r"save, data that is text",
    "json": r"body: (array|string|null|malformed|trailing .*|single quotes|NaN)"
    r"|get: malformed JSON body|get: form body without type",
    "json-read": r"body: (BOM|deeper than 512)",
    "forms": r"form body|get after form body|multipart body|get: form body",
    "half-address": (
        r"(get|delete): only (document|thread)|get: empty thread"
        r"|get: (semicolon|name with blank|name in capitals)"
    ),
    "versions": r"get: version (9|abc|0)",
    "words": r"get: (with|without) unknown",
    "single": r"get: document\[a?\]|get: JSON body list|delete: thread list",
    "address-length": r"get: long address .*",
    "errors": r"delete: signatures",
}
_OF_EACH_SERVER = ("id", "version_created_at", "created_at", "updated_at")


def test_each_answer_is_the_same_or_a_row_of_the_table(server: Server) -> None:
    server.saw_trouble = True  # Its log may have the addresses of refused requests.
    found: Counter[str] = Counter()
    unexplained = []
    asked = list(questions())
    assert len(asked) == 417
    for question in asked:
        status, answer = ask(server.port, question)
        if _is_same(question, status, answer):
            continue
        rows = [row for row, names in ROWS.items() if re.fullmatch(names, question.name)]
        if len(rows) != 1:
            unexplained.append((question.name, rows, question.status, status, answer))
        found.update(rows)
    assert not unexplained
    assert set(found) == set(ROWS), "a row that no answer needs"


def test_the_table_has_each_row() -> None:
    rows = re.findall(r"^\| `([a-z0-9-]+)` \|", _TABLE, re.MULTILINE)
    assert len(rows) == len(set(rows))
    assert set(ROWS) <= set(rows)


def _is_same(question: Question, status: int, answer: dict[str, Any] | None) -> bool:
    """Return whether a client of the original finds in our answer everything that it reads."""
    if status != question.status:
        return False
    return question.answer is None or _has(answer, question.answer)


def _has(ours: Any, original: Any) -> bool:
    if isinstance(original, dict):
        return isinstance(ours, dict) and all(
            name in ours and (name in _OF_EACH_SERVER or _has(ours[name], value))
            for name, value in original.items()
        )
    if isinstance(original, list):
        return (
            isinstance(ours, list) and len(ours) == len(original) and all(map(_has, ours, original))
        )
    return bool(ours == original)
