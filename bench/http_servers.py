"""The application under other HTTP servers, beside the one that it is served by.

They lack what holds against slow clients (ADR 18), and granian also what gunicorn's configuration
adds: what they serve is an upper bound. Those that aren't installed are left out:
`pip install granian gunicorn_h1c`.
"""

from __future__ import annotations

from importlib.util import find_spec
from statistics import median

from bench.cases import GET, LIST, POST_NEW
from bench.servers import GUNICORN, THREADS, WebServer, drive

_SERVERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "ours": ("gunicorn", GUNICORN),
    "gunicorn's threads": ("gunicorn", (*THREADS, "--http-parser", "python")),
    "gunicorn's threads, gunicorn_h1c": ("gunicorn_h1c", (*THREADS, "--http-parser", "fast")),
    "granian": (
        "granian",
        (
            "granian", "--interface", "wsgi", "--port", "{port}", "--no-ws",
            "--workers", "2", "--blocking-threads", "4",
        ),
    ),
}  # fmt: skip
_CASES = (GET, POST_NEW, LIST)


def print_http_servers(
    url: str, rows: int, cms: str, *, turns: int, seconds: float, seed: int
) -> None:
    """Measure some cases under each server, in turn, and print the table.

    Args:
        url: of a database with `rows` threads.
        rows: how many.
        cms: the signature that is saved.
        turns: how often each case is measured.
        seconds: how long each time.
        seed: of the first run; it and all higher ones are unused on this database.
    """
    found = {name: command for name, (module, command) in _SERVERS.items() if find_spec(module)}
    rates: dict[tuple[str, str], list[float]] = {}
    peaks: dict[str, float] = {}
    for _ in range(turns):
        for name, command in found.items():
            with WebServer("wsgi:app", url, "/health/ready", command=command) as server:
                for case in _CASES:
                    seed += 1
                    load = drive(server, case.lua(rows=rows, seed=seed, cms=cms), seconds)
                    rates.setdefault((name, case.name), []).append(load.per_second)
                peaks[name] = max(peaks.get(name, 0), server.peak_memory())
    print(f"### Requests/s under other HTTP servers, {rows:,} threads\n")
    print("| server |", *(f"{case.name} |" for case in _CASES), "MB of a worker |")
    print("|---|", "---|" * len(_CASES), "---|", sep="")
    for name in found:
        each = " | ".join(f"{median(rates[name, case.name]):,.0f}" for case in _CASES)
        print(f"| {name} | {each} | {peaks[name]:.0f} |")
    print(flush=True)
