"""Saved models: folders of `model.keras`, `model.tflite` and `meta.json`, each whole or absent.

Knows nothing of training or of the page. Loading a model here never runs code from it: only
`model.tflite` is read, and a checksum tells a half-written file.
"""

import contextlib
import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

from classifier import config, files, names
from classifier.database import interface
from classifier.rights import Action, Visitor
from classifier.serving import folders, mirror
from classifier.serving.folders import NameTakenError
from classifier.serving.meta import FILES, LONGEST, ModelMeta, written
from classifier.serving.saved import DamagedModelError, SavedModel, damaged

_MISSED_EVERY = 0.1  # seconds between two looks for a model that is not here
_MOST_KNOWN = 2_000  # models, of 12 KB each
# What is known of models by their folders: inode, time and size of the meta.json that told it.
_known: dict[Path, tuple[tuple[int, int, int], ModelMeta]] = {}


class ModelNotFoundError(LookupError):
    """No model has that name; the message lists those there are."""


def check_free(name: str) -> None:
    """Raise NameTakenError if a model, shipped or saved, has this name; ValueError for a bad name.

    A damaged folder counts too: nothing is ever written over.
    """
    names.check_name(name)
    mirror.refresh(0)
    places = (folders.models(), config.SHIPPED_MODELS)
    if name in names.FORMER.keys() | mirror.taken() or any(
        (folder / name).exists() for folder in places
    ):
        raise NameTakenError(name)


def list_models() -> tuple[list[SavedModel], list[str]]:
    """All usable models, the shipped first, then the newest first; and a sentence for each folder
    that is damaged."""
    mirror.refresh()
    found: list[SavedModel] = []
    problems = mirror.problems()
    for parent, shipped in ((config.SHIPPED_MODELS, True), (folders.models(), False)):
        models = []
        try:
            found_here = sorted(p for p in parent.iterdir() if p.is_dir())
        except FileNotFoundError:
            continue
        except OSError as error:
            problems.append(f"{parent} cannot be read: {error.strerror or error}.")
            continue
        for folder in found_here:
            if folder.name.startswith("."):
                continue
            try:
                models.append(_open(folder, shipped))
            except DamagedModelError as error:
                if folder.exists():  # it may just have been deleted
                    problems.append(str(error))
        if not shipped:
            models.sort(key=lambda model: model.meta.created, reverse=True)
            known = {model.name for model in found}
            models = [model for model in models if model.name not in known]
        found += models
    return found, problems


def get(name: str) -> SavedModel:
    """The model of that name; a shipped one also by its former. Raises ModelNotFoundError, or
    DamagedModelError."""
    mirror.refresh()
    found = _found(name)
    if found is None and mirror.refresh(_MISSED_EVERY):  # it may have come a moment ago
        found = _found(name)
    if found is None:
        known = ", ".join(model.name for model in list_models()[0]) or "none"
        raise ModelNotFoundError(f"There is no model named {name!r}. There are: {known}.")
    return found


def _found(name: str) -> SavedModel | None:
    name = names.FORMER.get(name, name)
    for parent, shipped in ((config.SHIPPED_MODELS, True), (folders.models(), False)):
        # A name is never taken for a path.
        if name and not name.startswith(".") and name == Path(name).name:
            folder = parent / name
            if os.path.isdir(folder):  # unlike Path.is_dir, no error for names of any length
                return _open(folder, shipped)
    return None


def followed(name: str, model_id: str) -> SavedModel | None:
    """The model of that id, which had that name once, whatever it is called now; without an id, and
    of those that come with the project, which keep their names, the one of that name. None if it is
    gone or damaged."""
    named = None
    with contextlib.suppress(DamagedModelError, ModelNotFoundError):
        named = get(name)
    if not model_id or (named is not None and (named.shipped or named.id == model_id)):
        return named
    return next((model for model in list_models()[0] if model.id == model_id), None)


def rename(old: str, new: str, by: Visitor) -> SavedModel:
    """Give a model that was trained here another name.

    Raises NotAllowedError, ModelNotFoundError (shipped ones keep theirs), NameTakenError,
    ValueError (bad name), or StoreError (folder or database not writable).
    """
    model = get(old)
    if model.shipped:
        raise ModelNotFoundError(f"{old!r} came with the project and keeps its name.")
    by.check(Action.RENAME_MODEL, owner=model.meta.owner)
    check_free(new)
    folder = model.folder.with_name(new)
    described = written({**model.meta.saved, "name": new})
    with folders.explained(model.folder.parent), _still_there(old):
        if interface.url():
            mirror.rename(old, model.meta, new, described)
            return SavedModel(new, folder, ModelMeta.read(described), shipped=False)
        # What needs room on the disk comes first. Should this be cut off in the middle, the
        # folder's name is what counts.
        with files.written(model.folder / "meta.json") as file:
            file.write(described)
        os.rename(model.folder, folder)
    return SavedModel(new, folder, ModelMeta.read(described), shipped=False)


def as_zip(name: str) -> bytes:
    """A model's files as a zip, for anybody, with a program that asks it if it reads digits. Raises
    ModelNotFoundError or DamagedModelError."""
    model = get(name)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(f"{name}/meta.json", written(model.meta.told()))
        if model.meta.reads_digits:
            file.write(config.READER, f"{name}/{config.READER.name}")
        for part in FILES:
            try:
                file.write(model.folder / part, f"{name}/{part}")
            except OSError as error:
                raise damaged(model.folder, f"{part} cannot be read ({error.strerror})") from error
    return buffer.getvalue()


def delete(name: str, by: Visitor) -> None:
    """Remove a model that was trained here. Raises NotAllowedError, ModelNotFoundError or
    StoreError; shipped ones stay."""
    model = get(name)
    if model.shipped:
        raise ModelNotFoundError(f"{name!r} came with the project and stays.")
    by.check(Action.DELETE_MODEL, owner=model.meta.owner)
    with _still_there(name):
        if interface.url():
            mirror.delete(name, model.meta)
        else:
            folders.remove(model.folder)


@contextlib.contextmanager
def _still_there(name: str) -> Iterator[None]:
    try:
        yield
    except KeyError as error:
        raise ModelNotFoundError(
            f"The model {name!r} was just changed or deleted by somebody else."
        ) from error


def _open(folder: Path, shipped: bool) -> SavedModel:
    try:
        described = (folder / "meta.json").stat()
        as_it_is = described.st_ino, described.st_mtime_ns, described.st_size
        known = _known.get(folder)
        if known is not None and known[0] == as_it_is:
            meta = known[1]
        elif described.st_size > LONGEST:
            raise damaged(folder, f"its meta.json has {described.st_size / 1e6:.0f} MB")
        else:
            meta = ModelMeta.read(files.content(folder / "meta.json"))
            _remember(folder, as_it_is, meta)
    except FileNotFoundError as error:
        raise damaged(folder, "it has no meta.json") from error
    except OSError as error:
        raise damaged(folder, f"its meta.json cannot be read ({error.strerror})") from error
    except DamagedModelError:
        raise
    except ValueError as error:
        raise damaged(folder, f"its meta.json {error}") from error
    for file in FILES:
        if not (folder / file).is_file():
            raise damaged(folder, f"it has no {file}")
    return SavedModel(folder.name, folder, meta, shipped)


def _remember(folder: Path, as_it_is: tuple[int, int, int], meta: ModelMeta) -> None:
    """Each meta.json is read once, since the page lists all models at each run."""
    if len(_known) >= _MOST_KNOWN:  # of folders that are gone, mostly
        _known.clear()
    _known[folder] = as_it_is, meta
