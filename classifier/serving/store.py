"""Saved models: folders of `model.keras`, `model.tflite` and `meta.json`, whole or not there.

Knows nothing of training or of the page. Loading a model here never runs code from it: only
`model.tflite` is read, and a checksum tells a half-written file.
"""

import contextlib
import datetime
import errno
import io
import os
import shutil
import tempfile
import uuid
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classifier import config, files, names
from classifier.serving.meta import FILES, FORMAT, ModelMeta, layers_of, written
from classifier.serving.saved import DamagedModelError, SavedModel, damaged, digest

if TYPE_CHECKING:
    import keras


class ModelNotFoundError(LookupError):
    """No model has that name; the message lists those there are."""


class NameTakenError(ValueError):
    """A model of that name exists already."""


class StoreError(OSError):
    """The store cannot be written; the message names the folder and the way out."""


def new_name(network: str, source: str) -> str:
    """A name that no model has yet, such as `dense-mnist-1123-1542`."""
    stem = names.made(network, source, datetime.datetime.now())
    taken = {m.name for m in list_models()[0]}
    return next(
        name
        for name in (stem, *(f"{stem}-{n}" for n in range(2, 10_000)))
        if name not in taken and not (config.models_folder() / name).exists()
    )


def check_free(name: str) -> None:
    """Raise NameTakenError if a model, shipped or saved, has this name; ValueError for a bad name.

    A folder that is there but damaged counts too: nothing is ever written over.
    """
    names.check_name(name)
    places = (config.models_folder(), config.SHIPPED_MODELS)
    if name in names.FORMER or any((folder / name).exists() for folder in places):
        raise NameTakenError(f"There is a model named {name!r} already: choose another name.")


def check_writable() -> None:
    """Raise StoreError, saying why, if no model could be saved now."""
    with _explained(config.models_folder()):
        config.models_folder().mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=config.models_folder(), prefix=".try-") as file:
            file.write(b"x")


def save(name: str, model: "keras.Model", meta: dict[str, Any]) -> SavedModel:
    """Save a trained network with what is known of it; the folder appears at once or not at all.

    meta: JSON values for the fields of ModelMeta. Format, name, id, date, layers, checksums of the
    files and versions are added here.
    Raises NameTakenError, ValueError (bad name or meta) or StoreError (folder not writable, disk
    full).
    """
    check_free(name)
    folder = config.models_folder()
    scratch = None
    try:
        with _explained(folder):
            folder.mkdir(parents=True, exist_ok=True)
            # Folders whose name begins with a dot are never listed.
            scratch = Path(tempfile.mkdtemp(dir=folder, prefix=".saving-"))
            scratch.chmod(0o755)
            model.save(scratch / "model.keras")
            with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
                model.export(str(scratch / "model.tflite"), format="litert", verbose=False)
            contents = {file: (scratch / file).read_bytes() for file in FILES}
            described = written(
                {
                    "format": FORMAT,
                    "name": name,
                    "id": uuid.uuid4().hex,
                    "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
                    **meta,
                    "layers": layers_of(contents["model.keras"]),
                    "files": {file: digest(content) for file, content in contents.items()},
                    "versions": _versions(),
                }
            )
            saved = SavedModel(name, folder / name, ModelMeta.read(described), shipped=False)
            (scratch / "meta.json").write_bytes(described)
            for file in (*FILES, "meta.json"):
                with open(scratch / file, "rb") as handle:
                    os.fsync(handle.fileno())
            if (folder / name).exists():  # an empty folder would be replaced without a word
                raise NameTakenError(f"There is a model named {name!r} already.")
            os.rename(scratch, folder / name)
    except BaseException:
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)
        raise
    return saved


@contextlib.contextmanager
def _explained(folder: Path) -> Iterator[None]:
    """Turn what the file system refuses into a sentence."""
    try:
        yield
    except OSError as error:
        if files.lacks_space(error):
            why = "the disk is full: free some space"
        elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
            why = f"it is not a folder that can be written ({error.strerror}): change its rights"
        else:
            why = error.strerror or str(error)
        raise StoreError(
            f"Models cannot be saved in {folder}: {why}, or name another folder with "
            "DIGIT_CLASSIFIER_HOME."
        ) from error


def list_models() -> tuple[list[SavedModel], list[str]]:
    """All usable models, the shipped first, then the newest first; and a sentence for each folder
    that is damaged."""
    found: list[SavedModel] = []
    problems: list[str] = []
    for parent, shipped in ((config.SHIPPED_MODELS, True), (config.models_folder(), False)):
        models = []
        try:
            folders = sorted(p for p in parent.iterdir() if p.is_dir())
        except FileNotFoundError:
            continue
        except OSError as error:
            problems.append(f"{parent} cannot be read: {error.strerror or error}.")
            continue
        for folder in folders:
            if folder.name.startswith("."):
                continue
            try:
                models.append(_open(folder, shipped))
            except DamagedModelError as error:
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
    name = names.FORMER.get(name, name)
    for parent, shipped in ((config.SHIPPED_MODELS, True), (config.models_folder(), False)):
        # A name is never taken for a path.
        if name and not name.startswith(".") and name == Path(name).name:
            folder = parent / name
            if os.path.isdir(folder):  # unlike Path.is_dir, no error for names of any length
                return _open(folder, shipped)
    known = ", ".join(model.name for model in list_models()[0]) or "none"
    raise ModelNotFoundError(f"There is no model named {name!r}. There are: {known}.")


def title_of(name: str) -> str:
    """What the page calls the model of that name; the name itself if there is none."""
    try:
        return get(name).title
    except (DamagedModelError, ModelNotFoundError):
        return name


def rename(old: str, new: str) -> SavedModel:
    """Give a model that was trained here another name.

    Raises ModelNotFoundError (shipped ones keep theirs), NameTakenError, ValueError (bad name), or
    StoreError (folder not writable).
    """
    model = get(old)
    if model.shipped:
        raise ModelNotFoundError(f"{old!r} came with the project and keeps its name.")
    check_free(new)
    folder = model.folder.with_name(new)
    described = written({**model.meta.saved, "name": new})
    with _explained(model.folder.parent):
        # What needs room on the disk comes first. Should this be cut off in the middle, the
        # folder's name is what counts.
        with files.written(model.folder / "meta.json") as file:
            file.write(described)
        os.rename(model.folder, folder)
    return SavedModel(new, folder, ModelMeta.read(described), shipped=False)


def as_zip(name: str) -> bytes:
    """A model's folder as a zip file. Raises ModelNotFoundError or DamagedModelError."""
    model = get(name)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for part in (*FILES, "meta.json"):
            try:
                file.write(model.folder / part, f"{name}/{part}")
            except OSError as error:
                raise damaged(model.folder, f"{part} cannot be read ({error.strerror})") from error
    return buffer.getvalue()


def delete(name: str) -> None:
    """Remove a model that was trained here. Raises ModelNotFoundError; shipped ones stay."""
    model = get(name)
    if model.shipped:
        raise ModelNotFoundError(f"{name!r} came with the project and stays.")
    # A fresh folder each time: another may be left of a deletion that was interrupted.
    doomed = Path(tempfile.mkdtemp(dir=model.folder.parent, prefix=".deleted-"))
    os.rename(model.folder, doomed / name)
    shutil.rmtree(doomed, ignore_errors=True)


def _open(folder: Path, shipped: bool) -> SavedModel:
    try:
        meta = ModelMeta.read((folder / "meta.json").read_bytes())
    except FileNotFoundError as error:
        raise damaged(folder, "it has no meta.json") from error
    except OSError as error:
        raise damaged(folder, f"its meta.json cannot be read ({error})") from error
    except ValueError as error:
        raise damaged(folder, f"its meta.json {error}") from error
    for file in FILES:
        if not (folder / file).is_file():
            raise damaged(folder, f"it has no {file}")
    return SavedModel(folder.name, folder, meta, shipped)


def _versions() -> dict[str, str]:
    import platform
    from importlib.metadata import version

    packages = ("tensorflow", "keras", "numpy", "opencv-python-headless", "ai-edge-litert")
    return {"python": platform.python_version()} | {name: version(name) for name in packages}
