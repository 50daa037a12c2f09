"""Truth of ``rnnzoo_export.serving.tls``: a certificate that cannot be used is refused before the start."""

from __future__ import annotations

from pathlib import Path

import pytest

from certificates import Certificate, make_certificate
from rnnzoo.errors import ArgumentError, PathNotFoundError
from rnnzoo_export.serving.tls import check_certificate

USABLE = {
    "P-256": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
    "P-384": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"),
    "RSA": ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
    "Ed25519": ("-algorithm", "ED25519"),
}
OTHERS = {
    "P-521": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"),
    "secp256k1": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"),
    "Ed448": ("-algorithm", "ED448"),
}


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("one"))


@pytest.mark.parametrize("kind", USABLE)
def test_a_pair_is_taken(kind: str, tmp_path: Path) -> None:
    made = make_certificate(tmp_path, *USABLE[kind])
    check_certificate(made.cert, made.key)


@pytest.mark.parametrize("command", [("rsa", "-traditional"), ("ec",)])
def test_so_is_a_key_in_the_older_form(command: tuple[str, ...], tmp_path: Path) -> None:
    made = make_certificate(tmp_path, *USABLE["RSA" if command[0] == "rsa" else "P-256"])
    old = made.converted(*command)
    assert f"BEGIN {command[0].upper()} PRIVATE KEY" in Path(old).read_text()
    check_certificate(made.cert, old)


@pytest.mark.parametrize("kind", OTHERS)
def test_a_key_that_the_web_server_does_not_know_is_said(kind: str, tmp_path: Path) -> None:
    made = make_certificate(tmp_path, *OTHERS[kind])
    with pytest.raises(
        ArgumentError, match=r"tls_key: .* holds no key that the server can use; expected RSA, ECDSA"
    ):
        check_certificate(made.cert, made.key)


@pytest.mark.parametrize("command", [("pkey", "-aes256"), ("ec", "-aes256")])
def test_a_key_with_a_password_is_said_and_none_is_asked_for(
    command: tuple[str, ...], one: Certificate
) -> None:
    locked = one.converted(*command, "-passout", "pass:open sesame")
    with pytest.raises(ArgumentError, match=r"tls_key: .* has a password; .* openssl pkey -in KEY -out NEW"):
        check_certificate(one.cert, locked)
    opened = Certificate(one.cert, locked).converted("pkey", "-passin", "pass:open sesame")
    check_certificate(one.cert, opened)


def test_a_key_of_another_is_said(one: Certificate, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"tls_key: .* is not the key of"):
        check_certificate(make_certificate(tmp_path).cert, one.key)


def test_half_a_pair_a_missing_file_and_a_damaged_one_are_said(one: Certificate, tmp_path: Path) -> None:
    for cert, key, name in ((one.cert, "", "tls_key"), ("", one.key, "tls_cert")):
        with pytest.raises(ArgumentError, match=f"{name}: received none; expected both"):
            check_certificate(cert, key)
    with pytest.raises(PathNotFoundError, match=r"tls_key: received .*none; expected a PEM file"):
        check_certificate(one.cert, str(tmp_path / "none"))
    damaged = tmp_path / "damaged.pem"
    for text in (
        "",
        "-----BEGIN PRIVATE KEY-----\n?\n-----END PRIVATE KEY-----",
        "-----BEGIN CERTIFICATE-----\nnone\n",
    ):
        damaged.write_text(text)
        with pytest.raises(ArgumentError, match=r"tls_cert: .* cannot be used"):
            check_certificate(str(damaged), one.key)
        with pytest.raises(ArgumentError, match="holds no key that the server can use"):
            check_certificate(one.cert, str(damaged))
