"""Truth of ``rnnzoo.families``: every model of the zoo is in one family, and each says what to start with."""

from __future__ import annotations

import re

from rnnzoo.families import FAMILIES, family_of
from rnnzoo.zoo import ModelSpec, get_spec, list_models


def test_every_model_has_a_family_and_every_family_has_models() -> None:
    families = [family_of(get_spec(name)) for name in list_models()]
    assert None not in families
    assert {family.name for family in families if family} == set(FAMILIES)


def test_the_models_they_name_are_their_own() -> None:
    for family in FAMILIES.values():
        named = [family.start, *re.findall(rf"{family.name}-[\w-]+", family.also)]
        for name in named:
            assert family_of(get_spec(name)) is family
        assert bool(family.also) == (len(named) > 1)


def test_a_model_of_ones_own_may_be_in_none() -> None:
    spec = ModelSpec("tide", "build_classifier", "classification", "tides")
    assert family_of(spec) is None
