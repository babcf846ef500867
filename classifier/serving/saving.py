"""A trained network into the store: room for it, a name, and its folder, which appears at once.

Knows nothing of training.
"""

import contextlib
import datetime
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from classifier import files, limits, names
from classifier.database import interface
from classifier.limits import LimitError
from classifier.serving import folders, mirror, store
from classifier.serving.folders import NameTakenError
from classifier.serving.meta import FILES, FORMAT, ModelMeta, layers_of, written
from classifier.serving.saved import SavedModel, digest


class Trained(Protocol):
    """A trained network that can be put into files."""

    def save(self, path: Path) -> None:
        """As Keras reads it."""

    def export(self, path: Path) -> None:
        """As LiteRT reads it."""


def new_name(network: str, source: str) -> str:
    """A name that no model has yet, such as `dense-mnist-1123-1542`."""
    stem = names.made(network, source, datetime.datetime.now())
    mirror.refresh(0)
    taken = {m.name for m in store.list_models()[0]} | mirror.taken()
    return next(
        name
        for name in (stem, *(f"{stem}-{n}" for n in range(2, 10_000)))
        if name not in taken and not (folders.models() / name).exists()
    )


def check_writable() -> None:
    """Raise StoreError, saying why, if no model could be saved now, or LimitError if the database
    has all that may be stored."""
    folders.check_writable()
    mirror.check_room()


def check_room(owner: str, more: int = 1) -> None:
    """Raise LimitError if that visitor, or all together, may not have so many more models. Nobody's
    own, made in a shell, are not counted for one."""
    allowed = limits.current()
    models = [model for model in store.list_models()[0] if not model.shipped]
    own = sum(model.meta.owner == owner for model in models)
    if owner and own >= allowed.models:
        raise LimitError(
            f"You have {own} saved models, which is all that one may have: delete one under Runs."
        )
    if owner and own + more > allowed.models:
        raise LimitError(
            f"That makes {more} models, and you have room for {allowed.models - own} more: delete "
            "some under Runs first."
        )
    if owner and len(models) + more > allowed.models_total:
        raise LimitError(f"{len(models)} models are saved here, which is all that there may be.")


def save_new(network: str, source: str, model: Trained, meta: dict[str, Any]) -> SavedModel:
    """Save it under a name that no model has yet; arguments and errors as for `new_name` and
    `save`."""
    while True:
        name = new_name(network, source)
        with contextlib.suppress(NameTakenError):  # another page server was quicker
            return save(name, model, meta)


def save(name: str, model: Trained, meta: dict[str, Any]) -> SavedModel:
    """Save a trained network with what is known of it; the folder appears at once or not at all.

    meta: JSON values for the fields of ModelMeta. Format, name, id, date, layers, checksums of the
    files and versions are added here.
    Raises NameTakenError, ValueError (bad name or meta) or StoreError (folder not writable, disk
    full).
    """
    with _appearing(name) as scratch:
        model.save(scratch / "model.keras")
        model.export(scratch / "model.tflite")
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
    return SavedModel(name, folders.models() / name, saved, shipped=False)


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
    return SavedModel(name, folders.models() / name, ModelMeta.read(described), False)


def packed(name: str) -> dict[str, bytes]:
    """The files of a saved model, as another machine adopts them; none of one that is shipped,
    which every machine has. Raises ModelNotFoundError or OSError."""
    model = store.get(name)
    if model.shipped:
        return {}
    return _files_in(model.folder)


def received(contents: Mapping[str, bytes]) -> str:
    """Save a model that was trained elsewhere, unless it is saved already; its name here, which
    differs from its own if another has that. Raises as `adopt`."""
    if "meta.json" not in contents:
        raise ValueError("The model's files did not come.")
    meta = ModelMeta.read(contents["meta.json"])
    name = str(meta.saved.get("name"))
    while True:
        for model in store.list_models()[0]:
            if meta.id and model.meta.id == meta.id:
                return model.name
        try:
            return adopt(name, contents).name
        except NameTakenError:  # by another, or by the same a moment ago
            name = new_name(str(meta.config.get("network")), meta.data.source or "generated")


@contextlib.contextmanager
def _appearing(name: str) -> Iterator[Path]:
    """A folder to be filled, which is that model's when the block ends, or is gone."""
    store.check_free(name)
    with folders.scratch() as scratch:
        yield scratch
        if interface.url():
            mirror.add(name, _files_in(scratch))
        else:
            folders.place(scratch, name)


def _files_in(folder: Path) -> dict[str, bytes]:
    return {file: files.content(folder / file) for file in (*FILES, "meta.json")}


def _versions() -> dict[str, str]:
    import platform
    from importlib.metadata import version

    packages = ("tensorflow", "keras", "numpy", "opencv-python-headless", "ai-edge-litert")
    return {"python": platform.python_version()} | {name: version(name) for name in packages}
