"""A tuner of Keras Tuner whose trials go on after their last epoch where their process died."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import keras_tuner

from rnnzoo.errors import ArgumentError
from rnnzoo_tuning.algorithms import MAX_TRIALS
from rnnzoo_tuning.hypermodel import SequenceHyperModel
from rnnzoo_tuning.oracle import StudyOracle, open_study
from rnnzoo_tuning.study_storage import study_place
from rnnzoo_tuning.trial_runs import TrialRunner, checkpoint_of

#: Of how many of the best trials the models are kept.
_KEPT = 3


class SequenceTuner(keras_tuner.Tuner):
    """Searches a ``SequenceHyperModel`` as ``run_search`` does, with the methods of Keras Tuner.

    ``search()``, ``results_summary()``, ``get_best_hyperparameters()`` and ``get_best_models()`` are those of Keras
    Tuner. A search that is there is gone on with, as with ``overwrite=False`` there. ``run_search`` also trains, scores
    and exports the best model.

    Args:
        hypermodel: What is tuned, with its data.
        directory: Where ``study.db`` and the checkpoints are.
        max_trials: Trials at most.
        storage: A database in place of ``study.db``: see ``run_search``.
        study: The name of the study there; ``None`` for that of the directory.
        options: ``algorithm``, ``pruner`` and ``seed``: see ``run_search``.

    Raises:
        ArgumentError: If the hypermodel is none with data, or its model does not fit them.
        RunError: If the study cannot be opened.

    Example:
        ``tuner = SequenceTuner(SequenceHyperModel("text-classifier-gru", splits), directory="search")``, then
        ``tuner.search()`` and ``tuner.get_best_models()[0]``.

    Reference:
        https://keras.io/keras_tuner/api/tuners/base_tuner/
    """

    def __init__(
        self,
        hypermodel: SequenceHyperModel,
        *,
        directory: str | Path,
        max_trials: int = MAX_TRIALS,
        storage: str | None = None,
        study: str | None = None,
        **options: Any,
    ) -> None:
        if not isinstance(hypermodel, SequenceHyperModel):
            raise ArgumentError(
                f"hypermodel: received {type(hypermodel).__name__}; expected a SequenceHyperModel, which has the data. "
                "Wrap it: SequenceHyperModel(hypermodel, splits)."
            )
        root = Path(directory)
        found = open_study(
            root, study_place(root, storage, study), hypermodel.monitor, epochs=hypermodel.epochs, **options
        )
        oracle = StudyOracle(hypermodel.objective, directory=root, max_trials=max_trials, study=found)
        super().__init__(
            oracle=oracle, hypermodel=hypermodel, directory=str(root.parent), project_name=root.name
        )
        self._root = root

    def search(self, *fit_args: Any, **fit_kwargs: Any) -> None:
        """Runs the trials that are missing.

        Raises:
            ArgumentError: If it is given data or settings, which are those of the hypermodel.
        """
        if fit_args or fit_kwargs:
            raise ArgumentError(
                "search: received arguments; expected none, for data and training are those of the hypermodel. Pass "
                "config=TrainConfig(...) to SequenceHyperModel."
            )
        runner = TrialRunner(
            trained=self.hypermodel, study=self.oracle.study, directory=self._root, keep=_KEPT
        )
        runner.run(self.oracle.max_trials, on_end=self.oracle.reload)
        self.oracle.reload()

    def get_best_models(self, num_models: int = 1) -> list[keras.Model]:
        """Returns the models of the best trials, three at most, with the weights of their best epochs."""
        best = self.oracle.study.best(self.oracle.study.ended())[:num_models]
        runs = [checkpoint_of(self._root, trial.origin) for trial in best]
        return [keras.saving.load_model(run.model) for run in runs if run is not None]
