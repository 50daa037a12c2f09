"""The certificate that a server shows, checked before it starts: the web server ends where it cannot use one."""

from __future__ import annotations

import base64
import binascii
import re
import ssl
from pathlib import Path

from rnnzoo.errors import ArgumentError, PathNotFoundError
from rnnzoo.files import read_text

_BLOCK = re.compile(
    r"-----BEGIN ((?:EC |RSA )?PRIVATE KEY|EC PARAMETERS)-----(.*?)-----END \1-----", re.DOTALL
)
# The object identifiers, as DER has them, of RSA, P-256, P-384 and Ed25519.
_KINDS = tuple(map(bytes.fromhex, ("2a864886f70d010101", "2a8648ce3d030107", "2b81040022", "2b6570")))


def check_certificate(cert: str, key: str) -> None:
    """Checks that a certificate and its key can be used together.

    Args:
        cert: The file of the certificate, with those between it and the root; PEM.
        key: The file of its private key; PEM.

    Raises:
        PathNotFoundError: If a file is not there.
        ArgumentError: If one is missing or damaged, the two do not belong together, or the key has a password or is of
            a kind that the web server does not know.
    """
    for name, path in (("tls_cert", cert), ("tls_key", key)):
        if not path:
            raise ArgumentError(
                f"{name}: received none; expected both a certificate and its key. Give it too."
            )
        if not Path(path).is_file():
            raise PathNotFoundError(f"{name}: received {path}; expected a PEM file. Correct the path.")
    _check_kind(key, read_text(key, "a private key"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(cert, key)
    except ssl.SSLError as error:
        if "KEY_VALUES_MISMATCH" in str(error):
            raise ArgumentError(
                f"tls_key: {key} is not the key of {cert}; expected that of its first certificate. Give that one."
            ) from error
        raise ArgumentError(
            f"tls_cert: {cert} and {key} cannot be used ({error.reason or 'unreadable'}); expected a certificate "
            "and its key as PEM. Convert them, or make new ones."
        ) from error


def _check_kind(path: str, text: str) -> None:
    if "ENCRYPTED" in text:
        raise ArgumentError(
            f"tls_key: {path} has a password; expected a key without one, which its owner alone may read. Write it "
            "with: openssl pkey -in KEY -out NEW"
        )
    blocks = _BLOCK.findall(text)
    try:
        content = b"".join(base64.b64decode(body, validate=False) for _, body in blocks)
    except binascii.Error:
        content = b""
    if not any(kind in content for kind in _KINDS) and not any(
        label == "RSA PRIVATE KEY" for label, _ in blocks
    ):
        raise ArgumentError(
            f"tls_key: {path} holds no key that the server can use; expected RSA, ECDSA (P-256 or P-384) or Ed25519 as "
            "PEM. Make another."
        )
