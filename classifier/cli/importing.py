"""`import`: what `export` has saved, added to what is stored here."""

import argparse
import json
import re
import sys
import tempfile
import zipfile
from pathlib import Path

from classifier.cli.export import COLLECTION, FORMAT, MANIFEST, MODELS
from classifier.database.interface import KEY
from classifier.records import parsed

TEXT = "Add the models, drawings and classes of a file that `export` has made."
_MODEL = re.compile(rf"{MODELS}/([^/]+)/(model\.keras|model\.tflite|meta\.json)")
# Bytes of each file, by its name.
_LARGEST = {
    "model.keras": 200e6,
    "model.tflite": 200e6,
    "meta.json": 4e6,
    COLLECTION: 20e9,
    MANIFEST: 10e3,
    KEY: 100,
}


def add_flags(parser: argparse.ArgumentParser) -> None:
    """From where."""
    parser.add_argument("file", metavar="FILE.zip", type=Path, help="as `export` has made it")


def command(chosen: argparse.Namespace) -> int:
    """Add what is new, and return the exit status."""
    models, drawings, problems = bring(chosen.file)
    for problem in problems:
        print(f"Warning: {problem}", file=sys.stderr)
    told = {"models": models, "drawings": drawings}
    print(json.dumps(told) if chosen.json else f"{models:,} models and {drawings:,} drawings came.")
    return 1 if problems else 0


def bring(file: Path) -> tuple[int, int, list[str]]:
    """Add the models and drawings that are new, and their classes: how many, and a sentence for
    each model that cannot be added, and for a key that is none. What is here already stays as it
    is, so that a second time changes nothing. Raises ValueError, OSError or CollectionError."""
    try:
        with zipfile.ZipFile(file) as archive:
            models, problems = _models(archive, _checked(archive))
            drawings = _drawings(archive)
            return models, drawings, problems + _visitors(archive)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError) as error:
        raise ValueError(f"{file} is not a whole export: {error}.") from error


def _checked(archive: zipfile.ZipFile) -> dict[str, dict[str, str]]:
    """The members of each model by file, after a look at all names and sizes."""
    models: dict[str, dict[str, str]] = {}
    for member in archive.infolist():
        found = _MODEL.fullmatch(member.filename)
        if not found and member.filename not in _LARGEST:
            raise ValueError(f"{member.filename!r:.80} in it is nothing that `export` saves.")
        if member.file_size > _LARGEST[found[2] if found else member.filename]:
            raise ValueError(f"{member.filename} in it has {member.file_size / 1e6:,.0f} MB.")
        if found:
            models.setdefault(found[1], {})[found[2]] = member.filename
    try:
        told = parsed(archive.read(MANIFEST), int(_LARGEST[MANIFEST]))
        known = isinstance(told, dict) and told.get("format") == FORMAT
    except (KeyError, ValueError):
        known = False
    if not known:
        raise ValueError("It was not made by `export`, or by a later version of it.")
    return models


def _models(archive: zipfile.ZipFile, contents: dict[str, dict[str, str]]) -> tuple[int, list[str]]:
    """How many models are new; and a sentence for each that cannot be added."""
    from classifier.serving import saving, store
    from classifier.serving.meta import ModelMeta

    known = {model.id for model in store.list_models()[0]}
    new, problems = 0, []
    for name, members in sorted(contents.items()):
        parts = {file: archive.read(member) for file, member in members.items()}
        try:
            if ModelMeta.read(parts.get("meta.json", b"")).id not in known:
                saving.adopt(name, parts)
                new += 1
        except ValueError as error:
            problems.append(f"{name}: {error}")
    return new, problems


def _drawings(archive: zipfile.ZipFile) -> int:
    """How many drawings are new."""
    from classifier.people import copying

    with tempfile.TemporaryDirectory() as folder:
        archive.extract(COLLECTION, folder)
        return copying.merge(Path(folder) / COLLECTION)


def _visitors(archive: zipfile.ZipFile) -> list[str]:
    """Where no visitor is known yet, know those of the file; a sentence if that cannot be."""
    from classifier.people import visitors

    try:
        if KEY in archive.namelist():
            visitors.adopt_key(archive.read(KEY))
    except ValueError as error:
        return [str(error)]
    return []
