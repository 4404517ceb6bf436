"""What those addresses tell of themselves that belong to no family."""

from __future__ import annotations

from werkzeug.exceptions import NotFound

from app.api import metrics, operations, self_description
from app.api.description import Answer, Chapter, Operation, choice, members
from app.api.ncanode.answer_shapes import ERROR, enveloped

_WORDS = "Whether the server is well, what it counts, and what it tells of itself."
_HTML = ("text/html",)
_CACHED = {
    "ETag": "The state of the file.",
    "Cache-Control": "How long it may be kept.",
}
#: One of which Prometheus asks for.
_METRICS = ("text/plain", "application/openmetrics-text")
_ASSETS = ("text/css", "text/javascript", "image/png")


def describe() -> Chapter:
    """Return the chapter."""
    live = enveloped(members({"health": choice("live")}))
    ready = enveloped(members({"health": choice("ready")}))
    return Chapter(
        name="operations",
        words=_WORDS,
        operations={
            operations.live: Operation(answers={200: Answer("It is.", live)}, stored=False),
            operations.ready: Operation(answers={200: Answer("It is.", ready)}),
            metrics.tell_metrics: Operation(
                answers={200: Answer("All that is counted.", files=_METRICS)}, stored=False
            ),
            self_description.tell_machines: Operation(
                answers={200: Answer("This document.", {"type": "object"})}, stored=False
            ),
            self_description.show_reader: Operation(
                answers={200: Answer("The page.", files=_HTML)}, stored=False
            ),
            self_description.give_asset: Operation(
                answers={
                    200: Answer("The file.", files=_ASSETS, headers=_CACHED),
                    304: Answer("The client has the file already."),
                },
                refuses=(NotFound,),
                stored=False,
            ),
        },
        error=ERROR,
        parameters={"asset": "The name of the file."},
    )
