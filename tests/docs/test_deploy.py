"""The files of docs/deploy: what they name is there, and nginx serves a prefix with its /docs."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import yaml

from app.observability import evidence_queue, metrics
from tests.conftest import AppMaker
from tests.live.server import PROJECT, Server, wait_until
from tests.postgresql import free_port

pytestmark = pytest.mark.slow

DEPLOY = PROJECT / "docs" / "deploy"
#: Of nginx.
PORT = free_port()


def test_each_file_is_reported() -> None:
    reported = set(re.findall(r"\]\(([^)#]+)\)", (DEPLOY / "README.md").read_text()))
    assert all((DEPLOY / name).resolve().exists() for name in reported)
    assert {path.name for path in DEPLOY.iterdir()} - {"README.md", "drill.sh"} <= reported


def test_alerts_are_about_what_is_counted() -> None:
    rules = yaml.safe_load((DEPLOY / "alerts.yml").read_text())["groups"][0]["rules"]
    files = (metrics.__file__, evidence_queue.__file__)
    counted = "".join(Path(one).read_text() for one in files)
    for rule in rules:
        for name in re.findall(r"tanbahana_[a-z_]+", rule["expr"]):
            assert f'"{name.removesuffix("_bucket")}"' in counted, name
    asked = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())
    assert asked["rule_files"] == ["alerts.yml"]
    if shutil.which("promtool"):
        subprocess.run(["promtool", "check", "rules", DEPLOY / "alerts.yml"], check=True)


def test_the_unit_starts_what_is_there() -> None:
    unit = (DEPLOY / "tanbahana.service").read_text()
    started = re.findall(r"^Exec\w+=/srv/tanbahana/\.venv/bin/(\S+) (.*)$", unit, re.MULTILINE)
    assert started == [("flask", "--app wsgi db upgrade"), ("python", "serve.py")]
    assert (PROJECT / "serve.py").exists()
    if shutil.which("systemd-analyze"):
        said = subprocess.run(
            ["systemd-analyze", "verify", DEPLOY / "tanbahana.service"],
            capture_output=True,
            text=True,
            check=False,
        ).stderr
        assert "Unknown" not in said


def test_a_prefix_comes_from_trusted_proxies_alone(make_app: AppMaker) -> None:
    header = {"X-Forwarded-Prefix": "/tanbahana"}
    for proxies, prefix in (("1", "/tanbahana"), ("0", "")):
        client = make_app(AUTH="on", TRUSTED_PROXIES=proxies).test_client()
        page = client.get("/docs", headers=header).text
        assert f'data-document="{prefix}/openapi.json"' in page
        assert f'src="{prefix}/docs/start.js"' in page
    assert client.get("/openapi.json").get_json()["servers"] == [{"url": "./"}]


@pytest.fixture(name="server")
def start_server(tmp_path: Path) -> Iterator[Server]:
    """Provide a server for a proxy with TLS."""
    if not shutil.which("nginx"):
        pytest.skip("nginx is not installed: apt-get install nginx-light")
    settings = {"AUTH": "on", "TRUSTED_PROXIES": "1", "WEB_CONCURRENCY": "1", "MAX_BODY_MB": "1"}
    settings["PUBLIC_URL"] = f"https://127.0.0.1:{PORT}/tanbahana"
    server = Server(f"sqlite:///{tmp_path / 'store.sqlite3'}", tmp_path, settings)
    server.migrate()
    server.start()
    yield server
    server.kill()


@pytest.fixture(name="proxied")
def start_nginx(tmp_path: Path, server: Server) -> Iterator[str]:
    """Provide the address of a server behind the nginx of docs/deploy, without TLS."""
    conf = (DEPLOY / "nginx.conf").read_text()
    conf = conf.replace("127.0.0.1:8000", f"127.0.0.1:{server.port}")
    conf = conf.replace("listen 443 ssl;", f"listen 127.0.0.1:{PORT};")
    conf = re.sub(r"ssl_certificate.*\n", "\n", conf)
    for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"):
        conf += f"\n{kind}_temp_path {tmp_path}/{kind};"
    whole = (
        f"daemon off; pid {tmp_path}/pid; error_log stderr;"
        f" events {{}} http {{ access_log off; {conf} }}"
    )
    (tmp_path / "nginx.conf").write_text(whole)
    command = ["nginx", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")]
    nginx = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{PORT}/tanbahana"
    try:
        wait_until(lambda: _answers(address), "nginx answers")
        yield address
    finally:
        nginx.terminate()
        nginx.wait()


def _answers(address: str) -> bool:
    try:
        return requests.get(f"{address}/health/live", timeout=5).status_code == 200
    except requests.ConnectionError:
        return False


def test_nginx_serves_a_prefix_with_its_docs(proxied: str) -> None:
    page = requests.get(f"{proxied}/docs", timeout=10).text
    root = proxied.removesuffix("/tanbahana")
    links = re.findall(r'(?:src|href|data-document)="([^"]+)"', page)
    assert len(links) > 4
    for link in links:
        assert requests.get(root + link, timeout=10).status_code == 200, link
    assert requests.get(f"{proxied}/signatures", timeout=10).status_code == 401
    for path in ("/metrics", "/metrics/", "/metrics%2f"):
        assert requests.get(proxied + path, timeout=10).status_code == 403
    signing_in = requests.get(f"{proxied}/app/sign-in", timeout=10)
    assert "__Host-" in signing_in.headers["Set-Cookie"]


def test_nginx_refuses_as_the_server_does(proxied: str, server: Server) -> None:
    body = b"x" * (40 * 1024 * 1024)
    assert refused(requests.post(f"{proxied}/signature", data=body, timeout=60)) == 413
    server.kill()
    assert refused(requests.get(f"{proxied}/signatures", timeout=10)) == 502


def refused(answer: requests.Response) -> int:
    """Return the status of a refusal in the envelope."""
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    body = answer.json()
    assert list(body) == ["status", "message", "content"]
    assert (body["status"], body["content"]) == (False, None)
    return answer.status_code
