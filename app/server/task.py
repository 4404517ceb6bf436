"""The task of answering one request by the application."""

from __future__ import annotations

from waitress.task import WSGITask

from app.server.refusals import DiskFull, Refusal

#: Methods whose requests change nothing (RFC 9110 section 9.2.1).
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class AnswerDropped(Exception):
    """An answer, of which nothing was sent, can't be written to the disk."""


class Task(WSGITask):  # type: ignore[misc]  # waitress is written without types
    """Answers one request by the application."""

    def service(self) -> None:
        """Answer; if there is no room for the answer, say so, or only close the connection.

        A request of an unsafe method may have been carried out: it must not seem to be refused.
        """
        try:
            super().service()
        except AnswerDropped:
            self.close_on_finish = True
            if self.request.command in _SAFE:
                self.request.error = DiskFull("answers")
                Refusal(self.channel, self.request).service()

    def write(self, data: bytes) -> None:
        """Write a part of the answer; its head is sent with the first one, not before."""
        if self.wrote_header:
            super().write(data)
        else:
            with self.channel.holding():
                super().write(data)

    def start(self) -> None:
        """Start the answer; a stopping worker announces that the connection closes."""
        super().start()
        self.channel.begin_answer()
        if self.channel.server.hall.count_request():
            self.set_close_on_finish()
