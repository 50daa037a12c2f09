"""Certificates for tests, made by openssl as they are needed."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

_P256 = ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")


@dataclass(frozen=True)
class Certificate:
    """The files of a certificate of localhost."""

    cert: str
    key: str

    def converted(self, command: str, *options: str) -> str:
        """The file of its key as another command of openssl writes it."""
        out = str(Path(self.key).with_name(f"{command}{len(options)}.pem"))
        _openssl(command, "-in", self.key, *options, "-out", out)
        return out


def make_certificate(folder: Path, *kind: str) -> Certificate:
    """Makes a certificate that signs itself; skips the test where there is no openssl."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make a certificate")
    made = Certificate(str(folder / "cert.pem"), str(folder / "key.pem"))
    _openssl("genpkey", *(kind or _P256), "-out", made.key)
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    request = ("req", "-x509", "-key", made.key, "-days", "2", "-subj", "/CN=localhost", "-addext", names)
    _openssl(*request, "-out", made.cert)
    return made


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)
