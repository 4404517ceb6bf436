"""What a server that asks for no tokens refuses: pages, names and proxies that aren't its own."""

import pytest
from flask.testing import FlaskClient

from tests.api.asking import message_of
from tests.asking_tokens import bearer, make_token
from tests.conftest import AppMaker

pytestmark = pytest.mark.attacks

OFFICE = "https://office.example.kz"


@pytest.fixture(name="local")
def client_of_local_server(start_app: AppMaker, sqlite_url: str) -> FlaskClient:
    """Provide a client of a server as it is without any setting."""
    return start_app(DATABASE_URL=sqlite_url).test_client()


def ask(client: FlaskClient, **headers: str) -> int:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    response = client.get("/signatures", headers=given)
    if response.status_code == 403:
        message_of(response, 403)
    return response.status_code


LOOPBACK = ["localhost", "localhost:8000", "LOCALHOST", "localhost.", "127.0.0.1:1", "127.9.9.9"]


@pytest.mark.parametrize("host", [*LOOPBACK, "[::1]", "[::1]:8000"])
def test_a_loopback_name_is_answered(local: FlaskClient, host: str) -> None:
    assert ask(local, Host=host) == 200
    assert ask(local, Host=host, Origin=f"http://{host.lower()}") == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "192.168.1.5",
        "0.0.0.0",  # noqa: S104
        "[::]",
        "[::1",
        "169.254.169.254",
        "2130706433",
        "0x7f.1",
        "localhost:99999",
        "evil@localhost",
        "localhost/evil",
        "localhost#.evil.example",
        "",
    ],
)
def test_another_name_is_refused(local: FlaskClient, host: str) -> None:
    assert ask(local, Host=host) == 403


@pytest.mark.parametrize(
    "origin",
    [OFFICE, "null", "", "http://localhost.evil.example", "http://localhost:3000", "nonsense"],
)
def test_pages_of_other_origins_are_refused(local: FlaskClient, origin: str) -> None:
    assert ask(local, Origin=origin) == 403
    sent = local.post("/signature", json={}, headers={"Origin": origin})
    assert "CORS_ORIGINS" in message_of(sent, 403)


def test_a_page_of_another_origin_deletes_nothing(local: FlaskClient) -> None:
    for method in ("DELETE", "POST", "GET"):
        response = local.open("/signature", method=method, headers={"Origin": OFFICE})
        assert response.status_code == 403


@pytest.mark.parametrize(
    "header",
    [
        "Forwarded",
        "Via",
        "X-Real-IP",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "X-Forwarded-Anything",
        "CF-Connecting-IP",
    ],
)
def test_what_a_proxy_forwards_is_refused(
    local: FlaskClient, start_app: AppMaker, sqlite_url: str, header: str
) -> None:
    assert ask(local, **{header: "127.0.0.1"}) == 403
    opened = start_app(DATABASE_URL=sqlite_url, ALLOW_OPEN="1").test_client()
    assert ask(opened, **{header: "127.0.0.1"}) == 200


@pytest.mark.parametrize(
    ("peer", "status"),
    [
        ("127.0.0.1", 200),
        ("127.9.9.9", 200),
        ("::1", 200),
        ("::ffff:127.0.0.1", 200),
        ("", 200),  # a Unix socket
        ("192.168.1.5", 403),
        ("172.17.0.1", 403),
        ("0.0.0.0", 403),  # noqa: S104
        ("::ffff:192.168.1.5", 403),
        ("fe80::1%eth0", 403),
        ("2001:db8::1", 403),
        ("nonsense", 403),
    ],
)
def test_only_peers_of_its_own_machine_are_answered(
    local: FlaskClient, start_app: AppMaker, sqlite_url: str, peer: str, status: int
) -> None:
    """Wherever the server is bound, and whatever name the request gives it."""
    peers = {"REMOTE_ADDR": peer}
    response = local.get("/signatures", headers={"Host": "localhost"}, environ_overrides=peers)
    assert response.status_code == status
    assert local.get("/health/live", environ_overrides=peers).status_code == 200
    opened = start_app(DATABASE_URL=sqlite_url, ALLOW_OPEN="1").test_client()
    assert opened.get("/signatures", environ_overrides=peers).status_code == 200
    token = start_app(DATABASE_URL=sqlite_url, AUTH="on")
    answer = token.test_client().get(
        "/signatures", headers=bearer(make_token(token)), environ_overrides=peers
    )
    assert answer.status_code == 200


def test_every_family_refuses_in_its_own_shape(local: FlaskClient) -> None:
    for address in ("/signatures", "/api/packages/x", "/packages", "/metrics", "/nothing"):
        response = local.get(address, headers={"Host": "evil.example"})
        assert response.status_code in (403, 404), address
        assert response.is_json


def test_what_is_public_answers_all_callers(local: FlaskClient) -> None:
    for address in ("/health/live", "/openapi.json", "/docs"):
        assert local.get(address, headers={"Host": "evil.example", "Via": "x"}).status_code == 200


def test_the_public_address_is_one_of_its_own(start_app: AppMaker, sqlite_url: str) -> None:
    url = "https://store.example.kz/sign"
    client = start_app(DATABASE_URL=sqlite_url, PUBLIC_URL=url).test_client()
    assert ask(client, Host="store.example.kz") == 200
    assert ask(client, Host="store.example.kz:443") == 200
    assert ask(client, Host="localhost", Origin="https://store.example.kz") == 200
    assert ask(client, Host="store.example.kz:80") == 403
    assert ask(client, Host="other.example.kz") == 403
    assert ask(client, Host="store.example.kz", X_Forwarded_For="192.0.2.1") == 403


def test_an_open_server_still_refuses_foreign_pages(start_app: AppMaker, sqlite_url: str) -> None:
    client = start_app(DATABASE_URL=sqlite_url, ALLOW_OPEN="1").test_client()
    assert ask(client, Host="store.lan") == 200
    assert ask(client, Host="store.lan", Origin="http://store.lan") == 200
    assert ask(client, Host="store.lan", Origin=OFFICE) == 403


def test_pages_that_are_named_may_call(start_app: AppMaker, sqlite_url: str) -> None:
    for origins, other in ((OFFICE, 403), ("*", 200)):
        client = start_app(DATABASE_URL=sqlite_url, CORS_ORIGINS=origins).test_client()
        assert ask(client, Origin=OFFICE) == 200
        assert ask(client, Origin="https://evil.example") == other
        assert ask(client, Origin=OFFICE, Host="evil.example") == 403


def test_with_tokens_these_decide(start_app: AppMaker, sqlite_url: str) -> None:
    app = start_app(DATABASE_URL=sqlite_url, AUTH="on")
    headers = {"Host": "store.example.kz", "Origin": OFFICE, "X-Forwarded-For": "192.0.2.1"}
    client = app.test_client()
    assert client.get("/signatures", headers=headers).status_code == 401
    headers |= bearer(make_token(app))
    response = client.get("/signatures", headers=headers)
    assert response.status_code == 200
    assert "Access-Control-Allow-Origin" not in response.headers
