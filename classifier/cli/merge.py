"""`merge`: several files of drawings as one, to train on all of them."""

import argparse
import json
import os
from collections import Counter
from pathlib import Path

TEXT = "Put files of drawings together in one, for `train`."


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Which, and where to."""
    parser.add_argument("files", nargs="+", metavar="FILE.npz", help="of drawings")
    parser.add_argument(
        "--to", required=True, metavar="FILE.npz", type=Path, help="which must not exist yet"
    )


def command(chosen: argparse.Namespace) -> int:
    """Write the file, which appears whole or not at all; return the exit status."""
    import numpy as np

    from classifier import files
    from classifier.ink import drawings

    files.check_free(chosen.to)
    path, count = Counter(map(os.path.realpath, chosen.files)).most_common(1)[0]
    if count > 1:
        raise ValueError(f"{path} is named {count} times: its people would count as others.")
    merged = drawings.together([drawings.load(path) for path in chosen.files])
    drawings.save(merged, chosen.to)
    assert merged.writer is not None
    told = {"drawings": len(merged), "people": len(np.unique(merged.writer))}
    in_words = f"{chosen.to} has {told['drawings']:,} drawings by {told['people']:,} writers."
    print(json.dumps(told) if chosen.json else in_words)
    return 0
