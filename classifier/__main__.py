"""The command line: hands the arguments to the command in `cli` that they name."""

import argparse
import importlib
import os
import sys
from collections.abc import Iterable

# Each with its module in `cli`. One that is not asked for is not loaded: a run's process begins
# sooner, and is smaller.
COMMANDS = {
    "train": "train",
    "sweep": "sweep",
    "evaluate": "evaluate",
    "predict": "predict",
    "models": "models",
    "export": "export",
    "import": "importing",
    "merge": "merge",
    "lesson": "lesson",
    "worker": "worker",
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status: 0, 1 if something failed, 2 for bad usage."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    given = sys.argv[1:] if arguments is None else arguments
    named = [name for name in given[:1] if name in COMMANDS]
    chosen = _parser(named or COMMANDS).parse_args(given)
    try:
        status = int(chosen.command(chosen))
        sys.stdout.flush()  # here, since at the process' end a closed pipe is told with a traceback
        return status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever reads it has seen enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (ValueError, LookupError, OSError, RuntimeError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1


def _parser(names: Iterable[str] = COMMANDS) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m classifier", description="Train, judge and ask digit classifiers."
    )
    commands = parser.add_subparsers(required=True, metavar=" | ".join(COMMANDS))
    for name in names:
        module = importlib.import_module(f"classifier.cli.{COMMANDS[name]}")
        sub = commands.add_parser(name, help=module.TEXT, description=module.TEXT)
        sub.set_defaults(command=module.command)
        sub.add_argument("--json", action="store_true", help="print JSON")
        module.add_flags(sub)
    return parser


if __name__ == "__main__":
    sys.exit(main())
