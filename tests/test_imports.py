"""The direction of imports, read from the sources: one way, TensorFlow and Streamlit kept apart.

Imports inside functions count; those under `if TYPE_CHECKING:` do not, since they never run.
"""

from __future__ import annotations

import ast
import graphlib
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from classifier.config import PROJECT

# Folder, or module beside them -> what it may import from.
MAY_IMPORT = {
    "settings": set(),
    "standards": set(),
    "names": set(),
    "config": {"names", "settings", "standards"},
    "links": {"config", "settings"},
    "events": {"config", "records"},
    "files": set(),
    "records": set(),
    "rights": set(),
    "limits": set(),
    "turns": set(),
    "ink": {"config", "files", "turns"},
    "synthetic": {"config", "ink"},
    "data": {"config", "files", "ink", "synthetic"},
    "serving": {
        "config",
        "names",
        "events",
        "files",
        "records",
        "rights",
        "limits",
        "ink",
        "synthetic",
        "data",
        "database",
    },
    "learning": {"config", "standards", "events", "ink", "data", "serving"},
    "jobs": {"config", "events", "files", "records", "rights", "limits", "ink", "database"},
    "database": {"config", "files", "rights"},
    "people": {"config", "records", "rights", "limits", "ink", "database"},
    "lesson": {"config"},
}
MAY_IMPORT |= {
    "cli": set(MAY_IMPORT),
    "__main__": {"cli"},
    "ui": set(MAY_IMPORT) - {"learning"},  # training runs in another process
    "app": {"ui"},
}
KERAS = {"keras", "tensorflow", "tf_keras"}
STREAMLIT = {"streamlit", "streamlit_drawable_canvas"}


class Import(NamedTuple):
    """One imported module, absolute. at_top: it is imported as soon as its importer is."""

    module: str
    at_top: bool


def imports_in(source: str, package: str) -> set[Import]:
    """Every import in a module's source; `package` is what relative imports begin with."""
    found = set()

    def visit(node: ast.AST, at_top: bool) -> None:
        match node:
            case ast.If(test=ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING")):
                for child in node.orelse:
                    visit(child, at_top)
                return
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                at_top = False
            case ast.Import():
                found.update(Import(alias.name, at_top) for alias in node.names)
            case ast.ImportFrom():
                module = "." * node.level + (node.module or "")
                module = importlib.util.resolve_name(module, package) if node.level else module
                found.add(Import(module, at_top))
                # Whether a name is a module or lies in one is not told here: both are given.
                found.update(Import(f"{module}.{alias.name}", at_top) for alias in node.names)
        for child in ast.iter_child_nodes(node):
            visit(child, at_top)

    visit(ast.parse(source), True)
    return found


def dotted(path: Path) -> str:
    """Name of the module in a file of the project: "app", "classifier.ui.view" …"""
    parts = path.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {dotted(path): path for path in [PROJECT / "app.py", *PROJECT.glob("classifier/**/*.py")]}
IMPORTS = {
    name: imports_in(
        path.read_text(encoding="utf-8"),
        name if path.name == "__init__.py" else name.rpartition(".")[0],
    )
    for name, path in FILES.items()
}
# Module -> modules of this project that it imports, anywhere in its source.
WITHIN = {
    name: {item.module for item in imports if item.module in FILES} - {"classifier"}
    for name, imports in IMPORTS.items()
}


def place_name(module: str) -> str:
    """What MAY_IMPORT calls a module."""
    return module.removeprefix("classifier.").split(".")[0]


def users_of(packages: set[str], *, at_top_only: bool = False) -> set[str]:
    """Modules of the project that import one of these packages."""
    return {
        name
        for name, imports in IMPORTS.items()
        for item in imports
        if item.module.split(".")[0] in packages and (item.at_top or not at_top_only)
    }


def test_imports_are_read_wherever_they_stand():
    source = """
import os.path as p
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    import keras
else:
    import fallback
try:
    import tensorflow
except ImportError:
    pass
class A:
    import inside_class
    def f(self):
        from classifier.serving import store
async def g():
    from .sibling import thing
    lambda: __import__
from .. import up
"""
    found = imports_in(source, "classifier.ui")
    at_top = {item.module for item in found if item.at_top}
    later = {item.module for item in found if not item.at_top}
    assert {"os.path", "fallback", "tensorflow", "inside_class", "classifier.up"} <= at_top
    assert {"classifier.serving.store", "classifier.ui.sibling"} <= later
    assert "keras" not in at_top | later
    assert not {"classifier.serving.store", "classifier.ui.sibling"} & at_top


def test_sources_were_found_and_imports_in_them():
    assert {"app", "classifier.config", "classifier.ui.view", "classifier.__main__"} <= set(FILES)
    assert "classifier.config" in WITHIN["classifier.ink.drawings"]
    assert "classifier.learning.training" in WITHIN["classifier.cli.train"], "in functions, too"
    assert "classifier.ui.page" in WITHIN["app"]


def test_there_are_no_cycles():
    try:
        order = list(graphlib.TopologicalSorter(WITHIN).static_order())
    except graphlib.CycleError as error:
        pytest.fail(f"these import each other: {' <- '.join(error.args[1])}")
    assert set(order) == set(FILES)


def test_every_module_has_a_place():
    strangers = {name for name in FILES if place_name(name) not in MAY_IMPORT} - {"classifier"}
    assert not strangers, f"say in MAY_IMPORT where they belong: {strangers}"


@pytest.mark.parametrize("name", sorted(set(FILES) - {"classifier"}))
def test_a_module_imports_only_from_where_its_folder_may(name):
    mine = place_name(name)
    strange = {
        other for other in WITHIN[name] if place_name(other) not in MAY_IMPORT[mine] | {mine}
    }
    assert not strange, f"{name} imports {strange}, which {mine} must not know"


def test_package_itself_imports_nothing():
    assert IMPORTS["classifier"] == set()


def test_only_learning_uses_keras():
    assert {place_name(name) for name in users_of(KERAS)} == {"learning"}


def test_nothing_imports_keras_as_soon_as_it_is_imported():
    assert users_of(KERAS, at_top_only=True) == set()


def test_only_the_page_uses_streamlit():
    users = users_of(STREAMLIT)
    assert "app" in users
    assert {place_name(name) for name in users} == {"app", "ui"}


@pytest.mark.parametrize("name", sorted(n for n in FILES if place_name(n) in {"app", "ui", "jobs"}))
def test_page_and_jobs_never_reach_what_learns(name):
    reached, left = set(), [name]
    while left:
        for other in WITHIN[left.pop()] - reached:
            reached.add(other)
            left.append(other)
    assert "learning" not in {place_name(other) for other in reached}


def test_importing_all_but_the_page_loads_no_tensorflow_and_writes_nothing(tmp_path):
    modules = sorted(name for name in FILES if place_name(name) not in {"app", "ui"})
    assert "classifier.learning.training" in modules
    script = f"""
import importlib, json, sys
for name in {modules!r}:
    importlib.import_module(name)
print(json.dumps(sorted({{name.split(".")[0] for name in sys.modules}})))
"""
    home = tmp_path / "home"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=PROJECT,
        env=os.environ | {"DIGIT_CLASSIFIER_HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(json.loads(done.stdout))
    assert {"classifier", "numpy", "cv2"} <= loaded
    assert not loaded & (KERAS | STREAMLIT)
    assert done.stderr == ""
    assert not home.exists()
