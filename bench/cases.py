"""The requests that are measured, as scripts for wrk."""

from __future__ import annotations

from dataclasses import dataclass

#: Threads to which one run of the "next version" case adds versions.
NEXT_THREADS = 50

_GET = """
math.randomseed(%(seed)d)
request = function()
  return wrk.format("GET", "/signature?thread=story&document=bench-" .. math.random(1, %(rows)d))
end
"""

_LIST_RARE = """
math.randomseed(%(seed)d)
request = function()
  return wrk.format("GET", "/signatures?limit=20&tags=rare-" .. math.random(1, %(rare)d))
end
"""

_LIST_COMMON = """
request = function() return wrk.format("GET", "/signatures?limit=20&tags=common") end
"""

_LIST_SIGNERS = """
request = function()
  return wrk.format("GET", "/signatures?limit=20&tags=common&with=signers")
end
"""

_JSON = 'wrk.headers["Content-Type"] = "application/json"\n'

_POST_NEW = (
    _JSON
    + """
local number = 0
request = function()
  number = number + 1
  return wrk.format("POST", "/signature", nil, '{"document":"new-%(seed)d-' .. number ..
    '","thread":"story","tags":["rare-' .. number %% 1000 .. '","common"],"cms":"%(cms)s"}')
end
"""
)

# Each request adds a version to a thread that no other running request uses: the answer shows which
# thread is free again, and its version.
_POST_NEXT = (
    _JSON
    + """
local first = %(seed)d * %(next)d
local free = {}
for number = 1, %(next)d do free[number] = {"bench-" .. (first + number), 1} end
request = function()
  local item = table.remove(free, 1)
  return wrk.format("POST", "/signature", nil, '{"document":"' .. item[1] ..
    '","thread":"story","version":' .. item[2] ..
    ',"tags":["rare-' .. item[2] .. '","common"],"cms":"%(cms)s"}')
end
response = function(status, headers, body)
  table.insert(free, {body:match('"document":"([^"]+)"'), tonumber(body:match('"version":(%%d+)'))})
end
"""
)


@dataclass(frozen=True)
class Case:
    """A kind of request."""

    name: str
    script: str
    #: The target: a minimum share of the floor's requests per second, percent.
    goal: int

    def lua(self, *, rows: int, seed: int, cms: str, token: str | None = None) -> str:
        """Write the script of one run; `seed` differs from run to run."""
        shown = f'wrk.headers["Authorization"] = "Bearer {token}"\n' if token else ""
        return shown + self.script % {
            "rows": rows,
            "rare": max(rows // 100 - 1, 1),
            "seed": seed,
            "next": NEXT_THREADS,
            "cms": cms,
        }


GET = Case("GET /signature, found", _GET, 65)
POST_NEW = Case("POST, new thread, 2 tags, validation on", _POST_NEW, 60)
LIST = Case("GET /signatures, common tag, limit 20", _LIST_COMMON, 55)
LIST_WITH_SIGNERS = Case("GET /signatures, the same with=signers", _LIST_SIGNERS, 55)

CASES = (
    GET,
    POST_NEW,
    Case("POST, next version", _POST_NEXT, 65),
    Case("GET /signatures, rare tag, limit 20", _LIST_RARE, 55),
    LIST,
    LIST_WITH_SIGNERS,
)
