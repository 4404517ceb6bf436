"""Settings of waitress: memory limits of a connection, and the largest request."""

from __future__ import annotations

import socket
from copy import copy

from waitress.adjustments import Adjustments

from app.server.client_limits import Limits

#: Bytes of a request's head: a list filtered by 200 tags of 255 characters fits.
MAX_HEAD = 131_072
#: Bytes of a body, and of an answer waiting for its client, that always stay in memory.
IN_MEMORY = 65_536
#: Bytes of an answer that do so while few wait: a list of 20 threads has 170 KB.
ANSWER_IN_MEMORY = 512 * 1024
#: Bytes of an answer that wait for one client; beyond that the thread that produces it waits, too.
MAX_WAITING = 4 * 1024 * 1024


def adjust(limits: Limits, listener: socket.socket, connections: int) -> Adjustments:
    """Return waitress's settings; the `uploads` of these are for requests with a document."""
    made = Adjustments(
        sockets=[listener],
        threads=limits.threads,
        connection_limit=connections,
        cleanup_interval=1,
        max_request_header_size=MAX_HEAD,
        # Up to here the application refuses too large requests, in its families' own format.
        max_request_body_size=limits.max_body + 1,
        inbuf_overflow=IN_MEMORY,
        outbuf_overflow=IN_MEMORY,
        outbuf_high_watermark=MAX_WAITING,
        asyncore_use_poll=True,
        ident=None,
        clear_untrusted_proxy_headers=False,
        log_socket_errors=False,
    )
    made.uploads = copy(made)
    made.uploads.max_request_body_size = limits.max_upload + 1
    return made
