"""Writing a bundle: export in every form, prove each, seal the whole and load it again."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Unpack

import keras
import numpy as np

from rnnzoo import files
from rnnzoo.decoding import Decoding
from rnnzoo.errors import BundleError
from rnnzoo.keras_models.loading import as_model
from rnnzoo.preprocessing import Preprocessing
from rnnzoo_export.bundle import Bundle, load_bundle, write_manifest
from rnnzoo_export.deployment.bundle_config import BundleConfig, BundleOptions
from rnnzoo_export.deployment.bundle_plan import BundlePlan, plan_bundle
from rnnzoo_export.inference.validation import as_named, check_inputs
from rnnzoo_export.network.export_config import make_config


def save_bundle(
    model: keras.Model | str | os.PathLike[str],
    directory: str | os.PathLike[str],
    *,
    preprocessing: Preprocessing | None = None,
    decoding: Decoding | None = None,
    task: str | None = None,
    overwrite: bool = False,
    **options: Unpack[BundleOptions],
) -> Bundle:
    """Exports a model as SavedModel and ONNX, proves both and writes them with all that is needed to serve them.

    The directory appears whole and proved, or not at all: everything is written under a temporary name, loaded again
    and compared with what was given, before the directory gets its own.

    Args:
        model: A trained Keras model, of the zoo or any other, or the ``.keras`` file of one.
        directory: Where to write.
        preprocessing: From raw examples to the model's inputs; without it the bundle takes arrays only.
        decoding: From outputs to answers; without it the bundle answers arrays.
        task: A name in the task table.
        overwrite: Whether an existing directory is replaced.
        name: What servers call the model; the model's own name by default.
        version: The model's version, 1 by default; a server offers bundles of one name by their versions.
        provenance: JSON-able facts on how the model was made: data, config, seed, an ``example`` of raw input.
        metrics: Its scores.
        parity_inputs: Held-out inputs by name on which the files must agree with the model.
        input_signature: What a subclassed model takes: see ``export_onnx``.
        input_names: Other names for the inputs: see ``export_onnx``.
        strict: Whether recurrent layers that ONNX would run as loops are refused (the default): see ``export_onnx``.
        tolerance: How far a number of a file may be from the model's, 1e-5 by default; recorded in ``parity.json``: see
            ``export_onnx``.
        also: Further files: ``"streaming"`` for ``streaming.onnx`` (see ``export_streaming_onnx``), ``"raw"`` for
            ``raw.onnx``, which takes raw examples (see ``export_onnx``), and one method of ``quantize_onnx``, such as
            ``"weights_int8"``, for ``quantized.onnx``.
        quantization_data: The held-out rows on which ``quantized.onnx`` must answer nearly as well.

    Returns:
        The bundle, loaded and verified.

    Raises:
        PathExistsError: If the directory holds something and ``overwrite`` is false.
        ArgumentError: If preprocessing and model do not go together, the preprocessing is not registered, or there is
            no argument of a name.
        UnsupportedLayerError: If a layer cannot be exported.
        ParityError: If a file does not answer as the model does.
        AccuracyError: If the quantized file answers worse, or changes more, than ``quantize_onnx`` allows.
        BundleError: If the bundle could not be loaded again, or not as what it was.

    Example:
        >>> import tempfile
        >>> from rnnzoo import build_classifier
        >>> model = build_classifier(num_classes=2, num_features=3, cell="gru", units=4)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     bundle = save_bundle(model, folder + "/bundle", task="classification", name="wakes")
        >>> bundle.name, sorted(bundle.parity)
        ('wakes', ['model.onnx', 'saved_model/1'])
    """
    files.output_path("directory", directory, "bundle")
    config = make_config(BundleConfig, options, save_bundle)
    files.refuse_existing(directory, overwrite=overwrite)
    plan = plan_bundle(as_model(model), preprocessing, decoding, task, config)
    with files.new_directory(directory, overwrite=overwrite) as folder:
        plan.write(folder)
        write_manifest(folder)
        _load_again(folder, Path(directory), plan)
    return load_bundle(Path(directory))


def _load_again(folder: Path, target: Path, plan: BundlePlan) -> None:
    """Raises ``BundleError`` if what was written cannot be loaded, or is not what was to be written."""
    try:
        bundle = load_bundle(folder)
    except BundleError as error:
        reason = str(error.__cause__ or error).replace(str(folder), str(target))
        raise BundleError(f"{target}: could not be loaded again, so nothing was written. {reason}") from error
    for what, given, loaded in (
        ("preprocessing", plan.preprocessing, bundle.preprocessing),
        ("decoding", plan.decoding, bundle.decoding),
    ):
        if given is not None and (loaded is None or _stored(loaded) != _stored(given)):
            raise _other(target, what)
    if plan.preprocessing is not None and bundle.preprocessing is not None:
        _compare_on_example(target, plan, bundle)


def _compare_on_example(target: Path, plan: BundlePlan, bundle: Bundle) -> None:
    """Compares inputs and answers of the example, if there is one: a configuration may lack what changes them."""
    example = plan.config.example
    if example is None or plan.preprocessing is None or bundle.preprocessing is None:
        return
    inputs, again = (made.apply([example]) for made in (plan.preprocessing, bundle.preprocessing))
    if inputs.keys() != again.keys() or not all(map(_same, inputs.values(), again.values())):
        raise _other(target, "preprocessing")
    if plan.decoding is None or bundle.decoding is None:
        return
    encoded = plan.preprocessing.encode_rows([example])
    level, lengths = plan.preprocessing.level_of_rows(encoded), [len(row) for row in encoded]
    signature = plan.network.signature
    arrays = check_inputs(signature, as_named(signature, inputs))
    outputs = plan.network.predict(arrays)[signature.outputs[0].name]
    first, second = (
        decoding(outputs if level is None else decoding.rescaled(outputs, *level), lengths)
        for decoding in (plan.decoding, bundle.decoding)
    )
    if first != second:
        raise _other(target, "decoding")


def _stored(part: Preprocessing | Decoding) -> object:
    """Returns a configuration as a JSON file gives it back: without tuples, 1 equal to 1.0."""
    return json.loads(json.dumps(part.to_config()))


def _same(first: np.ndarray, second: np.ndarray) -> bool:
    return bool(np.array_equal(first, second, equal_nan=first.dtype.kind == "f"))


def _other(target: Path, what: str) -> BundleError:
    return BundleError(
        f"{target}: its {what} is another when it is loaded again, so nothing was written; expected from_config to "
        "make what to_config described. Correct these two methods: to_config must hold all that changes the result."
    )
