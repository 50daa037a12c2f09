"""`rnnzoo predict`: answers for one input or a whole file, from a bundle, without TensorFlow."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from rnnzoo.cli.output import note, noting_warnings, print_json, print_table, stdout
from rnnzoo.cli.own_code import Packages, import_packages
from rnnzoo.cli.raw_input_options import InputFile, RawInputOptions, with_raw_input_options
from rnnzoo.cli.raw_inputs import as_request
from rnnzoo.errors import ArgumentError
from rnnzoo.files import refuse_existing_file


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("predict")(with_raw_input_options(predict))


def predict(
    *,
    bundle: Annotated[Path, typer.Argument(help="A bundle or a translator that export has written.")],
    inputs: Annotated[
        list[str] | None, typer.Argument(help="Texts, or series as JSON; - reads lines from standard input.")
    ] = None,
    file: InputFile = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write the answers as JSON lines.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the output file.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    packages: Packages = None,
    reading: RawInputOptions,
) -> None:
    """Answer one input or a whole file with the ONNX model of a bundle."""
    import_packages(packages)
    from rnnzoo_export.bundle import TRANSLATOR_FILE, load_bundle
    from rnnzoo_export.inference.predictor import OnnxPredictor

    if (file is None) == (not inputs):
        raise ArgumentError(
            "predict: expected either inputs or --input FILE. Write e.g. rnnzoo predict BUNDLE 'a text'."
        )
    if output is not None:
        refuse_existing_file(output, overwrite=force)
    if (bundle / TRANSLATOR_FILE).is_file():
        from rnnzoo_export.inference.translator import Translator

        translator = Translator(bundle)
        if translator.preprocessing is None:
            raise ArgumentError(
                f"{bundle}: was exported without preprocessing, so that it takes ids; expected one that takes texts. "
                "Pass preprocessing= to export_seq2seq_onnx, or use Translator.search."
            )
        raw = reading.read(translator, inputs or [], file)
        answers = [asdict(answer) for answer in translator.translate(raw)]
    else:
        loaded = load_bundle(bundle)
        raw = reading.read(loaded, inputs or [], file)
        with noting_warnings():
            answers = OnnxPredictor(loaded).predict([as_request(row) for row in raw])
    answers = [_as_json(_named(row, answer)) for row, answer in zip(raw, answers, strict=True)]
    if output is not None:
        _write_lines(output, answers)
        note(f"{len(answers)} answers written to {output}")
    elif as_json:
        print_json(answers)
    else:
        _print_answers(raw, answers)


def _named(row: Any, answer: Any) -> Any:
    """Returns an answer with the series that it is of, and its times, where they were read of a table."""
    found = ((name, getattr(row, name, None)) for name in ("series", "times"))
    known = {name: value for name, value in found if value is not None}
    return {**known, **answer} if known else answer


def _as_json(answer: Any) -> Any:
    """Returns an answer as a server sends it: arrays as lists, and null for what is no finite number."""
    if isinstance(answer, dict):
        return {str(name): _as_json(value) for name, value in answer.items()}
    if isinstance(answer, list | tuple):
        return [_as_json(value) for value in answer]
    if hasattr(answer, "tolist"):  # arrays and numbers of NumPy
        return _as_json(answer.tolist())
    if isinstance(answer, float):
        return answer if math.isfinite(answer) else None
    return answer if answer is None or isinstance(answer, str | int) else str(answer)


def _write_lines(path: Path, answers: list[Any]) -> None:
    from rnnzoo.files import replacing

    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(answer, ensure_ascii=False) + "\n" for answer in answers)


def _print_answers(raw: list[Any], answers: list[Any]) -> None:
    for row, answer in zip(raw, answers, strict=True):
        shown = row if isinstance(row, str) else None
        if not _is_known(answer):
            stdout.print(json.dumps(answer, ensure_ascii=False) + (f"  {shown}" if shown else ""))
        elif "values" in answer:
            _print_values(answer)
        elif isinstance(answer.get("labels"), list) and isinstance(answer.get("probabilities"), list):
            words = _steps(answer)
            print_table([{"step": w, "label": t} for w, t in zip(words, answer["labels"], strict=False)])
        else:
            label = answer.get("label", answer.get("text", ", ".join(answer.get("labels", [])) or "(none)"))
            share = answer.get("probability")
            share = f"  {share:.3f}" if isinstance(share, int | float) else ""
            stdout.print(f"{label}{share}" + (f"  {shown}" if shown else ""))


def _steps(answer: dict[str, Any]) -> list[str]:
    """Returns what the steps of a tagger's answer are called: the words, or numbers from 1."""
    if isinstance(answer.get("words"), list):
        return [word["word"] for word in answer["words"]]
    return [str(number) for number, _ in enumerate(answer["labels"], start=1)]


def _print_values(answer: dict[str, Any]) -> None:
    """Prints values as a table, with the times and the name of their series where these are known."""
    values, times, series = _with_quantiles(answer), answer.get("times"), answer.get("series")
    steps = max(len(v) if isinstance(v, list) else 1 for v in values.values())
    first = [{"step": i + 1} if times is None else {"time": times[i]} for i in range(steps)]
    rows = [{**first[i], **{k: _at(v, i) for k, v in values.items()}} for i in range(steps)]
    print_table(rows, title=" / ".join(series) if isinstance(series, list) else series)


def _is_known(answer: Any) -> bool:
    """Whether an answer is like those of rnnzoo's decodings, which are printed for people to read."""
    if not isinstance(answer, dict):
        return False
    values, label = answer.get("values"), answer.get("label", answer.get("text"))
    if "values" in answer:
        return isinstance(values, dict) and bool(values)
    if label is not None:
        return isinstance(label, str)
    labels = answer.get("labels")
    return isinstance(labels, list) and all(isinstance(name, str) for name in labels)


def _with_quantiles(answer: dict[str, Any]) -> dict[str, Any]:
    """Returns the columns of a table: each value, or its quantiles where the answer has them."""
    columns: dict[str, Any] = {}
    for name, values in answer["values"].items():
        levels = answer.get("quantiles", {}).get(name)
        columns |= {f"{name} {level}": v for level, v in levels.items()} if levels else {name: values}
    return columns


def _at(values: Any, step: int) -> Any:
    return values[step] if isinstance(values, list) else values
