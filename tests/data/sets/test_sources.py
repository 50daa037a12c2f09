"""Truth of ``rnnzoo.data.sets.sources``."""

from __future__ import annotations

from pathlib import Path

import pytest

from rnnzoo.data.sets import set_files
from rnnzoo.data.sets.sources import sources


def test_the_table_is_sound() -> None:
    for one in sources().values():
        for files in one.forms.values():
            for entry in files:
                assert entry.sha256 is None or len(entry.sha256) == 64
                assert (entry.sha256 is None) == (entry.checksum_from is None), entry.path
                assert entry.official or entry.sha256, "every repackaged copy has a checksum of its own"
                assert entry.official or entry.url is None, "what can be fetched is what the makers publish"
                assert not Path(entry.path).is_absolute()
                assert ".." not in entry.path


def test_every_copy_of_the_folder_has_its_checksum(real_data: Path) -> None:
    seen = 0
    for one in sources().values():
        found = [(form, files) for form, files in one.forms.items() if form in ("copy", "sample")]
        for _, files in found:
            for entry in files:
                if (path := real_data / entry.path).is_file():
                    assert path.stat().st_size == entry.bytes
                    assert set_files.check_file(path, [entry])["known_as"] in (
                        "repackaged copy",
                        "official file",
                    )
                    seen += 1
    if not seen:
        pytest.skip("RNNZOO_DATA holds none of the copies")
