"""`export`: all models, drawings and classes that are stored here, as one file."""

import argparse
import json
import tempfile
import zipfile
from pathlib import Path

from classifier import files
from classifier.database.interface import KEY

TEXT = "Save all models, drawings and classes in one file, for `import`."
FORMAT = 1
MANIFEST, COLLECTION, MODELS = "digit-classifier.json", "collection.sqlite3", "models"


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Where to."""
    parser.add_argument("file", metavar="FILE.zip", type=Path, help="which must not exist yet")


def command(chosen: argparse.Namespace) -> int:
    """Write the file, which appears whole or not at all; return the exit status."""
    files.check_free(chosen.file)
    told = write(chosen.file)
    print(json.dumps(told) if chosen.json else _in_words(chosen.file, told))
    return 0


def write(path: Path) -> dict[str, int]:
    """Write the file; how many models and drawings are in it. A page may go on meanwhile. Raises
    OSError or CollectionError."""
    from classifier.database import transactions
    from classifier.people import copying
    from classifier.serving import store
    from classifier.serving.meta import FILES

    models = 0
    with (
        tempfile.TemporaryDirectory() as folder,
        files.written(path, mode=0o600) as file,  # drawings are their writers' own
        zipfile.ZipFile(file, "w") as archive,
    ):
        drawings = copying.save_copy(Path(folder) / COLLECTION)
        for model in store.list_models()[0]:
            if not model.shipped:
                try:
                    parts = {
                        name: files.content(model.folder / name) for name in (*FILES, "meta.json")
                    }
                except FileNotFoundError:  # deleted or renamed meanwhile
                    continue
                for name, content in parts.items():
                    archive.writestr(f"{MODELS}/{model.name}/{name}", content)
                models += 1
        told = {"format": FORMAT, "models": models, "drawings": drawings}
        archive.writestr(MANIFEST, json.dumps(told))
        archive.write(Path(folder) / COLLECTION, COLLECTION, zipfile.ZIP_DEFLATED)
        if key := transactions.engine().key():
            archive.writestr(KEY, key)
    return told


def _in_words(path: Path, told: dict[str, int]) -> str:
    return f"{path} has {told['models']:,} models and {told['drawings']:,} drawings."
