"""Shared fixtures."""

from __future__ import annotations

import os
from pathlib import Path

# Before TensorFlow is imported anywhere: quiet, and no GPU, so that figures do not depend on the machine.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy as np
import pytest


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def project() -> Path:
    """The root of the checkout."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real public data sets; tests that need it are skipped where there is none."""
    folder = os.environ.get("RNNZOO_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("RNNZOO_DATA does not name a folder of data sets")
    return Path(folder)
