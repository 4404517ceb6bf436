"""`flask dev ncalayer`: what it prints, signs with and refuses. Serving is in tests/live."""

from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography import x509
from flask import Flask

from app.cli import dev
from app.standin import Mode, Person, StandIn
from tests.conftest import AppMaker
from tests.standin.test_signatures import rsa_identity
from tests.test_cli import run


@pytest.fixture(name="app")
def app_whose_stand_in_ends_at_once(make_app: AppMaker, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """Provide an application whose command opens no socket and serves nothing."""

    def no_server(_stand_in: StandIn, port: int) -> nullcontext[SimpleNamespace]:
        socket = SimpleNamespace(getsockname=lambda: ("127.0.0.1", port))
        return nullcontext(SimpleNamespace(socket=socket, serve_forever=lambda: None))

    monkeypatch.setattr(StandIn, "open", no_server)
    return make_app()


def test_it_says_who_signs_and_how_to_trust_it(app: Flask, tmp_path: Path) -> None:
    status, output = run(
        app, "dev", "ncalayer", "--iin", "900101300017", "--write-ca", f"{tmp_path}/ca.pem"
    )
    assert status == 0, output
    assert "wss://127.0.0.1:13579/ stands in for NCALayer; mode: ok" in output
    assert "IIN900101300017" in output
    assert "--ignore-certificate-errors-spki-list=" in output
    assert "NCALAYER_URL" not in output
    [authority] = x509.load_pem_x509_certificates((tmp_path / "ca.pem").read_bytes())
    assert authority.issuer == authority.subject


def test_another_port_is_a_setting_of_the_pages(app: Flask) -> None:
    status, output = run(app, "dev", "ncalayer", "--port", "13580", "--mode", "cancel")
    assert status == 0
    assert "NCALAYER_URL=wss://127.0.0.1:13580/" in output


def test_a_key_and_its_certificate_belong_together(app: Flask, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("no key")
    status, output = run(app, "dev", "ncalayer", "--key", f"{tmp_path}/key.pem")
    assert (status, "belong together" in output) == (2, True)
    files = ["--key", f"{tmp_path}/key.pem", "--certificate", f"{tmp_path}/key.pem"]
    status, output = run(app, "dev", "ncalayer", *files)
    assert status == 1
    assert "can't be used" in output


def test_the_choices_are_those_of_the_stand_in() -> None:
    assert list(dev.MODES) == [one.value for one in Mode]
    assert Person() == Person(dev.USUAL_IIN, dev.USUAL_NAME)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--gost", "--tsa", "none"], "stands in for NCALayer"),
        (["--tsa", "http://127.0.0.1:1/tsp"], "stands in for NCALayer"),
        (["--tsa", "http://tsp.example.kz/"], "not one on loopback"),
        (["--gost", "--key", "a", "--certificate", "a"], "without --key"),
    ],
)
def test_keys_and_timestamps_are_chosen(app: Flask, options: list[str], said: str) -> None:
    status, output = run(app, "dev", "ncalayer", *options)
    assert (said in output, status) == (True, 0 if "stands" in said else 2)


def test_the_authority_of_timestamps_for_a_key_of_one_s_own_is_written_too(
    app: Flask, tmp_path: Path
) -> None:
    rsa_identity(tmp_path)
    files = ["--key", f"{tmp_path}/key.pem", "--certificate", f"{tmp_path}/certificates.pem"]
    assert run(app, "dev", "ncalayer", *files, "--write-ca", f"{tmp_path}/ca.pem")[0] == 0
    assert len(x509.load_pem_x509_certificates((tmp_path / "ca.pem").read_bytes())) == 2
