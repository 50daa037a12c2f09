"""`rnnzoo export`: from a trained run or a saved Keras model to a bundle that can be served."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rnnzoo.cli.model_file import ModelFile, export_model_file, is_model_file
from rnnzoo.cli.output import print_json, print_table, shell_path, stdout, tensorflow_starting
from rnnzoo.cli.own_code import Packages, import_options, import_packages, server_packages
from rnnzoo.errors import PathExistsError

if TYPE_CHECKING:
    from rnnzoo_export.bundle import Bundle

TARGETS = ("bundle", "triton", "kserve")


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("export")(export)


def export(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="run",
            help="A run, or a .keras file of any model; a bundle too, with --target.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to write the bundle or the repository.")],
    target: Annotated[
        str,
        typer.Option(
            metavar="TARGET",
            help="bundle; triton for a model repository of Triton; kserve for that and an InferenceService.",
        ),
    ] = "bundle",
    storage_uri: Annotated[
        str | None,
        typer.Option(help="For kserve: the repository, such as s3://models/digits."),
    ] = None,
    streaming: Annotated[
        bool, typer.Option("--streaming", help="Add streaming.onnx, which takes sequences piece by piece.")
    ] = False,
    raw: Annotated[bool, typer.Option("--raw", help="Add raw.onnx, which takes raw examples.")] = False,
    quantize: Annotated[
        str | None,
        typer.Option(
            metavar="METHOD",
            help="Add quantized.onnx, a smaller file: weights_int8, dynamic_int8 or float16. It is written only if it "
            "scores within 0.3 points on the validation rows. An answer of dynamic_int8 changes a little with "
            "the rest of the batch; it is not written where one changes by more than 0.01.",
        ),
    ] = None,
    model_version: Annotated[
        int | None, typer.Option(metavar="N", help="The version that servers give it; 1.", min=1)
    ] = None,
    allow_loops: Annotated[
        bool,
        typer.Option(
            "--allow-loops",
            help="Accept layers that ONNX has no operator for, as slow loops.",
        ),
    ] = False,
    tolerance: Annotated[
        float | None,
        typer.Option(help="How far a file's numbers may be from the model's; 1e-5."),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(help="What servers call a .keras model."),
    ] = None,
    task: Annotated[str | None, typer.Option(help="The task of a .keras model.")] = None,
    input_names: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="New names for inputs of a .keras model: a,b or x=a."),
    ] = None,
    inputs: Annotated[
        list[str] | None,
        typer.Option(
            "--input", metavar="INPUT", help="What a subclassed model takes: x:float32:None,8; repeatable."
        ),
    ] = None,
    preprocessing: Annotated[
        Path | None,
        typer.Option(help="A preprocessing.json, for a .keras model."),
    ] = None,
    decoding: Annotated[Path | None, typer.Option(help="A decoding.json, for a .keras model.")] = None,
    held_out: Annotated[
        Path | None,
        typer.Option(help="An .npz file of inputs and targets."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a bundle that is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    packages: Packages = None,
) -> None:
    """Export a run or Keras model as SavedModel and ONNX, prove both equal to it, and bundle them."""
    import_packages(packages, tensorflow=True)
    from rnnzoo.files import refuse_existing
    from rnnzoo_export.bundle import MANIFEST_FILE

    said = ModelFile(
        name=name,
        task=task,
        inputs=inputs,
        input_names=input_names,
        preprocessing=preprocessing,
        decoding=decoding,
        held_out=held_out,
    )
    also = [file for file, wanted in (("streaming", streaming), ("raw", raw)) if wanted]
    from_bundle, from_file = (source / MANIFEST_FILE).is_file(), is_model_file(source)
    if not from_file:
        said.refuse_for(source)
    options = bool(also or quantize or allow_loops or tolerance is not None or model_version is not None)
    accepted: dict[str, Any] = {
        "strict": not allow_loops,
        **({} if tolerance is None else {"tolerance": tolerance}),
        **({} if model_version is None else {"version": model_version}),
    }
    _check_options(target, storage_uri, quantize, from_bundle=from_bundle, options=options)
    refuse_existing(out, overwrite=force)
    _refuse_other_directories(source, out)
    with tempfile.TemporaryDirectory() as folder:
        bundle = source
        if not from_bundle:
            opened = None if from_file else _open_run(source)  # before TensorFlow starts
            if opened is not None and opened.read_task().data == "pairs":
                unknown = [*also, *filter(None, [quantize])]
                _export_translator(opened, out, target, unknown, accepted, overwrite=force, as_json=as_json)
                return
            bundle = out if target == "bundle" else Path(folder) / "bundle"
            with tensorflow_starting("starting TensorFlow, exporting and comparing"):
                write = functools.partial(export_model_file, said=said) if from_file else export_run
                made = write(source, bundle, also=also, quantize=quantize, overwrite=force, **accepted)
        if target != "bundle":
            _deploy(bundle, out, target, storage_uri, overwrite=force, as_json=as_json)
        elif as_json:
            print_json({"directory": str(out), "parity": made.parity, "sha256": made.sha256})
        else:
            print_bundle(out, made)


def _open_run(source: Path) -> Any:
    from rnnzoo.training.run.run_directory import open_run

    return open_run(source)


def _refuse_other_directories(source: Path, out: Path) -> None:
    """Replaces nothing but what this command has written, and never what it reads."""
    from rnnzoo_export.bundle import MANIFEST_FILE, TRANSLATOR_FILE

    if out.is_dir() and out.resolve() == source.resolve():
        raise PathExistsError(f"{out}: is the run or bundle to be exported; expected another directory.")
    marks = (MANIFEST_FILE, TRANSLATOR_FILE, "*/config.pbtxt", "inference_service.yaml")
    written = any(next(out.glob(mark), None) for mark in marks)
    if out.is_dir() and any(out.iterdir()) and not written:
        raise PathExistsError(
            f"{out}: holds something else than an earlier export, which --force does not replace; expected an export, "
            "or a new or empty directory. Choose another path."
        )


def _check_options(
    target: str, storage_uri: str | None, quantize: str | None, *, from_bundle: bool, options: bool
) -> None:
    from rnnzoo.checks import choice
    from rnnzoo.errors import ArgumentError

    choice("target", target, TARGETS)
    if (storage_uri is not None) != (target == "kserve"):
        raise ArgumentError(
            f"--storage-uri: missing with --target {target}; expected where the service finds the bundle, such as "
            "s3://models/digits. Add it."
            if storage_uri is None
            else f"--storage-uri: received {storage_uri!r} with --target {target}; expected it with --target kserve "
            "only. Leave it out."
        )
    if storage_uri is not None:
        from rnnzoo_export.deployment.engines import check_storage_uri

        check_storage_uri(storage_uri)
    if from_bundle and target == "bundle":
        raise ArgumentError("run: received a bundle; expected a run. With --target triton a bundle will do.")
    if from_bundle and options:
        raise ArgumentError(
            "run: received a bundle, whose files are made; expected a run with --streaming, --raw, --quantize, "
            "--allow-loops, --tolerance or --model-version."
        )
    if quantize is not None:
        from rnnzoo_export.formats.quantization import METHODS

        choice("quantize", quantize, METHODS)


def _export_translator(
    opened: Any,
    out: Path,
    target: str,
    also: Sequence[str],
    accepted: dict[str, Any],
    *,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Writes the two files of a model that answers a text with a text, and says how to use them."""
    from rnnzoo.errors import ArgumentError

    if target != "bundle" or also:
        wanted = ", ".join([*([f"--target {target}"] if target != "bundle" else []), *also])
        raise ArgumentError(
            f"export: received {wanted} for a translator, which is an encoder and a decoder file; expected neither. "
            "Leave it out."
        )
    with tensorflow_starting("starting TensorFlow, exporting and comparing"):
        from rnnzoo.keras_models.loading import load_model
        from rnnzoo_export.formats.seq2seq import export_seq2seq_onnx

        preprocessing = opened.read_preprocessing()
        report = export_seq2seq_onnx(
            load_model(opened.model),
            out,
            preprocessing=preprocessing,
            parity_inputs=opened.read_samples(),
            overwrite=overwrite,
            **accepted,
        )
    if as_json:
        print_json({"directory": str(out), "steps_difference": report.parity.max_difference})
        return
    rows = [
        {"file": f"{name}.onnx", "fused layers": ", ".join(part.fused)}
        for name, part in (("encoder", report.encoder), ("decoder", report.decoder))
    ]
    print_table(rows, title="Exported and compared with the Keras model")
    needed = import_options(server_packages(preprocessing))
    stdout.print(f"\nnext   rnnzoo predict {shell_path(out)} 'a text'{needed}", style="bold")


def _deploy(
    bundle: Path, out: Path, target: str, storage_uri: str | None, *, overwrite: bool, as_json: bool
) -> None:
    """Writes a repository for another engine and says what it holds."""
    from rnnzoo_export.deployment.engines import export_kserve, export_triton

    if storage_uri is not None:
        models = export_kserve(bundle, out, storage_uri=storage_uri, overwrite=overwrite)
        step = f"copy {shell_path(out / 'repository')} to {storage_uri}, then kubectl apply -f "
        step += shell_path(out / "inference_service.yaml")
    else:
        models = export_triton(bundle, out, overwrite=overwrite)
        step = f"tritonserver --model-repository {shell_path(out)}"
    if as_json:
        print_json({"directory": str(out), "target": target, "models": list(models)})
        return
    stdout.print(f"models {', '.join(models)}")
    stdout.print(f"next   {step}", style="bold", soft_wrap=True)


def export_run(
    run: Path,
    out: Path,
    *,
    overwrite: bool,
    also: Sequence[str] = (),
    quantize: str | None = None,
    **accepted: Any,
) -> Any:
    """Exports a finished run and returns the bundle; ``accepted`` is ``strict`` and ``tolerance``."""
    from rnnzoo.cli.run_data import load_run_data
    from rnnzoo.training.run.run_directory import open_run
    from rnnzoo_export.deployment.run_bundle import save_run_bundle

    opened = open_run(run)
    data = None
    if quantize is not None:
        data = load_run_data(run, opened.read_config()).validation
    return save_run_bundle(
        opened,
        out,
        **accepted,
        also=[*also, *([quantize] if quantize else [])],
        quantization_data=data,
        overwrite=overwrite,
    )


def print_bundle(out: Path, bundle: Bundle) -> None:
    """Prints what was exported, how it was proved and what to do next."""
    rows = [
        {
            "file": name,
            "operators": _operators(report),
            "largest difference": f"{report['max_difference']:.1e}",
        }
        for name, report in bundle.parity.items()
    ]
    print_table(rows, title="Exported and compared with the Keras model")
    smaller = bundle.parity.get("quantized.onnx")
    if smaller:
        stdout.print(
            f"\nquantized.onnx has {smaller['size'] / smaller['original_size']:.2f} of the size; on validation rows "
            f"its {smaller['metric']} is {smaller['score']:.4f}, that of model.onnx {smaller['original_score']:.4f}"
        )
        _print_changes(smaller["changes"], bundle.provenance["task"])
    stdout.print(f"\nbundle {shell_path(out)}   sha256 {bundle.sha256[:16]}…")
    needed = import_options(server_packages(bundle.preprocessing, bundle.decoding))
    stdout.print(f"next   rnnzoo serve {shell_path(out)}{needed}", style="bold")


def _print_changes(changes: dict[str, float], task: str) -> None:
    """Prints how much 8-bit answers change with the batch; nothing where rows cannot change one another."""
    from rnnzoo.tasks import get_task

    unit = "standard deviations of a value" if get_task(task).activation == "linear" else "of a probability"
    words = {"beside": "beside other rows", "padded": "padded to twice its length"}
    found = ", ".join(f"{change:.4f} {words[name]}" for name, change in changes.items())
    if found:
        stdout.print(f"its answer to a row changes by up to {found} ({unit})")


def _operators(report: dict[str, Any]) -> str:
    fused = ("LSTM", "GRU", "RNN", "Scan", "Loop")
    counts = report.get("operators") or {}
    return ", ".join(f"{counts[name]} {name}" for name in fused if counts.get(name)) or "-"
