"""Shared fixtures."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

# Before TensorFlow is imported anywhere: quiet, and no GPU, so that figures do not depend on the machine.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
# Each worker of pytest-xdist takes one core: threads of several would wait for each other.
if "PYTEST_XDIST_WORKER" in os.environ:
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ.setdefault(name, "1")

import hypothesis
import pytest

import rnnzoo

# Fixtures that several files of a folder share.
from built_distributions import unpacked as unpacked
from built_distributions import wheel as wheel
from joined_bundles import joined_bundle as joined_bundle
from panel_bundles import panel_bundle as panel_bundle
from served_digits import images as images
from served_digits import server as server
from set_sources import places as places
from set_sources import web as web
from streamed_models import streamed as streamed
from streamed_models import streams as streams

# The same examples in every run, so that a change is judged by what it changes. HYPOTHESIS_EXPLORE=1 draws new ones.
hypothesis.settings.register_profile("same", derandomize=True)
if not os.environ.get("HYPOTHESIS_EXPLORE"):
    hypothesis.settings.load_profile("same")


LONG_TESTS = Path(__file__).parent / "long_tests.txt"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leaves the tests of ``long_tests.txt`` to the slow suite, so that the test command stays below 15 minutes."""
    long = {*LONG_TESTS.read_text(encoding="utf-8").splitlines()}
    for item in items:
        if item.nodeid in long:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def project() -> Path:
    """The root of the checkout."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session", autouse=True)
def _no_downloads(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test fetches anything, or reads what a person has fetched before."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RNNZOO_DOWNLOAD", "0")
        patch.setenv("RNNZOO_CACHE", str(tmp_path_factory.mktemp("cache") / "empty"))
        yield


@pytest.fixture
def in_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The working directory is an empty folder of the test's own."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real public data sets; tests that need it are skipped where there is none."""
    folder = os.environ.get("RNNZOO_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("RNNZOO_DATA does not name a folder of data sets")
    return Path(folder)


@pytest.fixture(scope="session")
def digits_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model of the digits, trained for a few epochs and kept."""
    import keras

    splits = rnnzoo.load_dataset("digits")
    keras.utils.set_random_seed(3)
    model = rnnzoo.create_model("series-classifier-gru", units=(32,), **splits.model_arguments)
    path = tmp_path_factory.mktemp("digits") / "run"
    config = rnnzoo.TrainConfig(epochs=4, learning_rate=0.01, seed=3)
    rnnzoo.train(model, splits, config=config, directory=path, progress=False)
    return path


@pytest.fixture(scope="session")
def digits_bundle(digits_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, exported."""
    from rnnzoo.cli.export import export_run

    path = tmp_path_factory.mktemp("digits") / "bundle"
    export_run(digits_run, path, overwrite=False)
    return path
