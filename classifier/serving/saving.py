"""A trained network into the store: room for it, a name, and its folder, which appears at once.

Knows nothing of training.
"""

import contextlib
import datetime
import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import filelock

from classifier import config, files, limits, names
from classifier.limits import LimitError
from classifier.serving import store
from classifier.serving.meta import FILES, FORMAT, ModelMeta, layers_of, written
from classifier.serving.saved import SavedModel, digest

if TYPE_CHECKING:
    import keras

_SAVING = ".saving-"  # how the name of a folder begins into which a model is being saved
_LOCK = ".lock"  # ends the name of a lock beside it, which the system releases when who saves ends
_BEGINNING = 10.0  # seconds in which the lock is taken


def new_name(network: str, source: str) -> str:
    """A name that no model has yet, such as `dense-mnist-1123-1542`."""
    stem = names.made(network, source, datetime.datetime.now())
    taken = {m.name for m in store.list_models()[0]}
    return next(
        name
        for name in (stem, *(f"{stem}-{n}" for n in range(2, 10_000)))
        if name not in taken and not (config.models_folder() / name).exists()
    )


def check_writable() -> None:
    """Raise StoreError, saying why, if no model could be saved now."""
    with store.explained(config.models_folder()):
        config.models_folder().mkdir(parents=True, exist_ok=True)
        sweep()
        with tempfile.NamedTemporaryFile(dir=config.models_folder(), prefix=".try-") as file:
            file.write(b"x")


def check_room(owner: str) -> None:
    """Raise LimitError if that visitor, or all together, have as many models as they may. Nobody's
    own, made in a shell, are not counted for one."""
    allowed = limits.current()
    models = [model for model in store.list_models()[0] if not model.shipped]
    own = sum(model.meta.owner == owner for model in models)
    if owner and own >= allowed.models:
        raise LimitError(
            f"You have {own} saved models, which is all that one may have: delete one under Runs."
        )
    if owner and len(models) >= allowed.models_total:
        raise LimitError(f"{len(models)} models are saved here, which is all that there may be.")


def sweep() -> None:
    """Remove what saves, changes and deletions have left that were cut off."""
    folder = config.models_folder()
    with contextlib.suppress(OSError):  # no folder yet; the next sweep may succeed
        for left in (*folder.glob(".*"), *folder.glob("*/.*.part")):
            if left.exists() and not _in_use(left):
                shutil.rmtree(left) if left.is_dir() else left.unlink()
                if left.name.startswith(_SAVING):
                    left.with_suffix(_LOCK).unlink(missing_ok=True)


def _in_use(left: Path) -> bool:
    """Whether whoever made this may still be at it."""
    if time.time() - left.lstat().st_mtime < _BEGINNING:
        return True
    if not left.name.startswith(_SAVING):
        return False
    try:
        with filelock.FileLock(left.with_suffix(_LOCK), timeout=0):
            return False
    except filelock.Timeout:
        return True


def save(name: str, model: "keras.Model", meta: dict[str, Any]) -> SavedModel:
    """Save a trained network with what is known of it; the folder appears at once or not at all.

    meta: JSON values for the fields of ModelMeta. Format, name, id, date, layers, checksums of the
    files and versions are added here.
    Raises NameTakenError, ValueError (bad name or meta) or StoreError (folder not writable, disk
    full).
    """
    with _appearing(name) as scratch:
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
        saved = ModelMeta.read(described)
        (scratch / "meta.json").write_bytes(described)
    return SavedModel(name, config.models_folder() / name, saved, shipped=False)


def adopt(name: str, contents: Mapping[str, bytes]) -> SavedModel:
    """Save a model as it was saved elsewhere; contents: of FILES and meta.json. Raises as `save`,
    or ValueError if they are not as they were saved."""
    try:
        meta = ModelMeta.read(contents["meta.json"])
        wrong = [file for file in FILES if digest(contents[file]) != meta.files[file]]
    except (KeyError, ValueError) as error:
        raise ValueError(f"The model {name} is damaged: {error}.") from error
    if wrong:
        raise ValueError(f"The model {name} is damaged: {wrong[0]} is not as it was saved.")
    described = written({**meta.saved, "name": name})
    with _appearing(name) as scratch:
        for file in FILES:
            (scratch / file).write_bytes(contents[file])
        (scratch / "meta.json").write_bytes(described)
    return SavedModel(name, config.models_folder() / name, ModelMeta.read(described), False)


@contextlib.contextmanager
def _appearing(name: str) -> Iterator[Path]:
    """A folder to be filled, which is that model's when the block ends, or is gone."""
    store.check_free(name)
    folder = config.models_folder()
    with store.explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        # Folders whose name begins with a dot are never listed.
        scratch = Path(tempfile.mkdtemp(dir=folder, prefix=_SAVING))
    lock = filelock.FileLock(scratch.with_suffix(_LOCK))
    try:
        with store.explained(folder), lock:
            scratch.chmod(0o755)
            yield scratch
            for file in (*FILES, "meta.json"):
                with open(scratch / file, "rb") as handle:
                    os.fsync(handle.fileno())
            if (folder / name).exists():  # an empty folder would be replaced without a word
                raise store.NameTakenError(f"There is a model named {name!r} already.")
            os.rename(scratch, folder / name)
            files.make_lasting(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        Path(lock.lock_file).unlink(missing_ok=True)


def _versions() -> dict[str, str]:
    import platform
    from importlib.metadata import version

    packages = ("tensorflow", "keras", "numpy", "opencv-python-headless", "ai-edge-litert")
    return {"python": platform.python_version()} | {name: version(name) for name in packages}
