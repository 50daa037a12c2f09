"""Truth of ``rnnzoo_tuning.trial_parameters``: what is named to Keras Tuner is drawn by Optuna or from a grid."""

from __future__ import annotations

from typing import Any

import optuna

from rnnzoo_tuning.trial_parameters import GridParameters, TrialParameters


def named(hp: Any) -> dict[str, Any]:
    """Names one of each kind, some under conditions."""
    hp.Fixed("fixed", 3)
    hp.Choice("kind", ["a", "b"])
    with hp.conditional_scope("kind", ["a"]):
        hp.Int("width", 2, 6, step=2)
    with hp.conditional_scope("kind", ["b"]):
        hp.Boolean("deep")
    return dict(hp.values)


def test_a_trial_suggests_what_applies() -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    found = []
    for _ in range(30):
        trial = study.ask()
        parameters = TrialParameters(trial)
        values = named(parameters)
        rate = parameters.Float("rate", 1e-4, 1e-1, sampling="log")
        steps = parameters.Float("steps", 0.0, 1.0, step=0.25)
        powers = parameters.Int("powers", 1, 8, step=2, sampling="log")
        assert 1e-4 <= rate <= 1e-1
        assert steps in (0.0, 0.25, 0.5, 0.75, 1.0)
        assert powers in (1, 2, 4, 8)
        assert parameters.Choice("kind", ["a", "b"]) == values["kind"]  # named twice, drawn once
        assert ("width" in values) == (values["kind"] == "a")
        assert ("deep" in values) == (values["kind"] == "b")
        assert trial.params == {name: value for name, value in parameters.values.items() if name != "fixed"}
        found.append(values)
        study.tell(trial, 0.0)
    assert {row["kind"] for row in found} == {"a", "b"}
    assert {row["fixed"] for row in found} == {3}


def test_a_grid_walks_over_all_combinations_once() -> None:
    places: list[int] | None = []
    found = []
    while places is not None:
        parameters = GridParameters(places)
        found.append(named(parameters))
        assert parameters.drawn == {name: value for name, value in found[-1].items() if name != "fixed"}
        places = parameters.following()
    assert found == [
        *({"fixed": 3, "kind": "a", "width": width} for width in (2, 4, 6)),
        *({"fixed": 3, "kind": "b", "deep": deep} for deep in (True, False)),
    ] or found == [
        *({"fixed": 3, "kind": "a", "width": width} for width in (2, 4, 6)),
        *({"fixed": 3, "kind": "b", "deep": deep} for deep in (False, True)),
    ]
    assert len(set(map(str, found))) == len(found) == 5
