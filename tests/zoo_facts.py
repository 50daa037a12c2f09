"""What only a built model tells of a zoo entry, kept in ``rnnzoo/zoo_facts.json`` for the command.

python tests/zoo_facts.py --write
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from rnnzoo import create_model, explain_cudnn, list_models
from rnnzoo.errors import RnnzooError
from rnnzoo.files import write_json

FACTS = Path(__file__).parent.parent / "rnnzoo" / "zoo_facts.json"


def facts_of(name: str) -> dict[str, Any]:
    """Parameters, the verdict on cuDNN, and whether sequences can be answered piece by piece."""
    from rnnzoo_export.network.exportable import Exportable
    from rnnzoo_export.streaming.streaming_exportable import StreamingExportable

    model = create_model(name)
    try:
        StreamingExportable(Exportable(model))
        streams = "yes"
    except RnnzooError as error:
        streams = f"no: {str(error).split(', so that', maxsplit=1)[0]}"
    return {
        "parameters": int(model.count_params()),
        "cudnn": explain_cudnn(model).summary,
        "streams": streams,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true", help="write rnnzoo/zoo_facts.json")
    found = {name: facts_of(name) for name in list_models()}
    if parser.parse_args().write:
        write_json(FACTS, found)
    else:
        print(json.dumps(found, indent=1))  # noqa: T201


if __name__ == "__main__":
    main()
