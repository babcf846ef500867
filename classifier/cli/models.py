"""`models`: the saved and the shipped models with their figures."""

import argparse
import json
import sys

TEXT = "List the models there are."


def add_flags(parser: argparse.ArgumentParser) -> None:
    """It takes none but what each command takes."""


def command(chosen: argparse.Namespace) -> int:
    """Print the list, and return the exit status."""
    from classifier.serving import folders, store

    models, problems = store.list_models()
    for problem in problems:
        print(f"Warning: {problem}", file=sys.stderr)
    entries = [
        {
            "name": model.name,
            "shipped": model.shipped,
            "network": model.meta.config.get("network"),
            "data": model.meta.data.description,
            "created": model.meta.created,
            "metrics": model.meta.saved["metrics"],
            "command": model.meta.command,
        }
        for model in models
    ]
    if chosen.json:
        print(json.dumps(entries, ensure_ascii=False))
        return 0
    for model in models:
        origin = "shipped" if model.shipped else model.meta.created[:16].replace("T", " ")
        print(
            f"{model.name:28} {model.test_accuracy:7.2%}  {origin:16}  "
            f"{model.meta.data.description}"
        )
    if not models:
        print(f"There are no models in {folders.models()}. Train one.")
    return 0
