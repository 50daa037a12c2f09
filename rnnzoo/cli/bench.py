"""`rnnzoo bench`: how a server answers under load."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rnnzoo.cli.output import note, print_json, print_table, stderr, stdout
from rnnzoo.errors import ArgumentError, RunError

if TYPE_CHECKING:
    from rnnzoo_export.load_test.plan import LoadPlan
    from rnnzoo_export.load_test.questions import Question
    from rnnzoo_export.load_test.target import Target

CLIENTS, MOST_CONNECTIONS = 32, 1000
ROWS, STEPS = 1, 32
# The load tool's share of a processor from which it may be what is measured.
_BUSY = 0.9


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("bench")(bench)


def bench(
    url: Annotated[str, typer.Argument(help="Address of a server of the Open Inference Protocol.")],
    model: Annotated[str | None, typer.Option(help="Name of the model; the only one by default.")] = None,
    clients: Annotated[
        int | None,
        typer.Option(
            min=1,
            help=f"Connections that ask again once answered [{CLIENTS}]; with --rate at most [{MOST_CONNECTIONS}].",
        ),
    ] = None,
    rate: Annotated[float | None, typer.Option(help="Requests a second, whatever the server does.")] = None,
    arrivals: Annotated[
        str | None, typer.Option(help="When they come with --rate: poisson (by default) or even.")
    ] = None,
    seconds: Annotated[float, typer.Option(help="How long requests are made.")] = 10.0,
    timeout: Annotated[float, typer.Option(help="Seconds after which one is unanswered.")] = 30.0,
    rows: Annotated[int | None, typer.Option(min=1, help=f"Rows of a request [{ROWS}].")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help=f"Steps of a row [{STEPS}].")] = None,
    binary: Annotated[bool, typer.Option("--binary", help="Send tensors as bytes, not as JSON.")] = False,
    predict: Annotated[
        bool, typer.Option("--predict", help="Ask with raw inputs: the model's example, or --body.")
    ] = False,
    body: Annotated[Path | None, typer.Option(help="A file of JSON to send.")] = None,
    bundle: Annotated[
        Path | None, typer.Option(help="The bundle served, to compare with onnxruntime alone.")
    ] = None,
    header: Annotated[
        list[str] | None, typer.Option(help="Goes with each request: 'NAME: VALUE'. May be repeated.")
    ] = None,
    ca: Annotated[Path | None, typer.Option(help="Certificates (PEM) to trust, for https.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Put load on a server: answers a second, times, errors."""
    from rnnzoo_export.load_test.bare_runs import BareRuns
    from rnnzoo_export.load_test.questions import Shape, check_question
    from rnnzoo_export.load_test.rounds import run_rounds
    from rnnzoo_export.load_test.target import read_target

    _check_flags(locals())
    plan = _plan(clients, rate, arrivals, seconds, timeout)
    shape = Shape(rows=rows or ROWS, steps=steps or STEPS)
    target = read_target(url, headers=header or (), ca=ca, timeout=timeout)
    question = _question(target, model, shape, binary=binary, predict=predict, body=body, bundle=bundle)
    check_question(target, question)
    alone = None if bundle is None else BareRuns(bundle, question)
    with _progress(seconds) as progress:
        found = run_rounds(target, question, plan, bare=alone, progress=progress)
    report = {"url": target.url + question.path, "bytes": len(question.body), **found}
    if as_json:
        print_json(report)
    else:
        _print_report(report)
    if found["client_cpu"] > _BUSY:
        note(
            f"note   the load tool itself took {found['client_cpu']:.0%} of a processor: the server may be faster. Run "
            "several at once."
        )
    _check_answers(found)


def _check_flags(given: Mapping[str, Any]) -> None:
    """Raises ``ArgumentError`` for options that would do nothing beside others."""
    asked = {name: given[name] not in (None, False) for name in given}
    for name, others in (
        ("binary", ("predict", "body")),
        ("rows", ("body",)),
        ("steps", ("body", "predict")),
        ("bundle", ("rate",)),
    ):
        for other in others:
            if asked[name] and asked[other]:
                raise ArgumentError(
                    f"--{name}: received with --{other}; expected one of them. Leave one out."
                )
    if asked["arrivals"] and not asked["rate"]:
        raise ArgumentError(
            "--arrivals: received without --rate; expected both. Pass --rate, or leave it out."
        )


def _plan(
    clients: int | None, rate: float | None, arrivals: str | None, seconds: float, timeout: float
) -> LoadPlan:
    from rnnzoo_export.load_test.plan import ARRIVALS, LoadPlan

    return LoadPlan(
        clients=clients or (CLIENTS if rate is None else MOST_CONNECTIONS),
        rate=rate,
        arrivals=ARRIVALS[0] if arrivals is None else arrivals,
        seconds=seconds,
        timeout=timeout,
    )


def _question(
    target: Target,
    model: str | None,
    shape: Any,
    *,
    binary: bool,
    predict: bool,
    body: Path | None,
    bundle: Path | None,
) -> Question:
    from rnnzoo_export.load_test import questions

    content = None if body is None else _read(body)
    name = questions.find_model(target, model)
    metadata = questions.read_metadata(target, name)
    if content is not None:
        return questions.own_question(name, content, predict=predict)
    if predict:
        return questions.raw_question(name, _example(metadata, bundle, name), shape.rows)
    return questions.tensors_question(metadata, shape, binary=binary)


def _read(body: Path) -> bytes:
    from rnnzoo.files import existing_file

    return existing_file(body, "a file of JSON to send").read_bytes()


def _example(metadata: Mapping[str, Any], bundle: Path | None, name: str) -> Any:
    """Returns the raw input that a bundle keeps, or that the server tells of."""
    example = metadata.get("example")
    if bundle is not None:
        from rnnzoo_export.bundle import load_bundle

        example = load_bundle(bundle).provenance.get("example")
    if example is None:
        raise ArgumentError(
            f"--predict: no example of {name} is known; expected a raw input. Pass --body FILE, with "
            '{"inputs": [a raw input]} in it, or --bundle DIR of a bundle that has one.'
        )
    return example


@contextmanager
def _progress(seconds: float) -> Iterator[Callable[[int], None] | None]:
    """Yields what shows how far it is on a terminal; elsewhere a line says that it goes on."""
    if not stderr.is_terminal or stderr.is_dumb_terminal:
        note(f"asking for {seconds:g} s")
        yield None
        return
    with stderr.status("asking") as status:
        yield lambda count: status.update(f"asking: {count:,} requests")


def _print_report(report: Mapping[str, Any]) -> None:
    """Prints the figures as a table, and what went wrong below it."""
    stdout.print(f"{report['url']}  ({report['bytes']:,} bytes a request)")
    names = {
        "answers_per_second": "answers/s",
        "p50_ms": "p50 ms",
        "p95_ms": "p95 ms",
        "p99_ms": "p99 ms",
        "max_ms": "max ms",
        "failed": "failed",
        "unanswered": "unanswered",
    }
    row = {title: "-" if report[name] is None else report[name] for name, title in names.items()}
    if "bare" in report:
        row["of onnxruntime alone"] = f"{report['bare']['ratio']:.2f}"
    print_table([row])
    for what, text in report["errors"].items():
        status = what.removeprefix("status ")
        count = report["statuses"].get(status)
        stdout.print(f"{what}: {text}" if count is None else f"{what}: {count} requests, the first: {text}")


def _check_answers(found: Mapping[str, Any]) -> None:
    if found["failed"] or not found["requests"]:
        raise RunError(
            f"bench: {found['failed']} of {found['requests']} requests were not answered with status 200; expected "
            "none. Put less load on the server, or see what it logs."
        )
