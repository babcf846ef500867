"""What the READMEs name is there: files, links, commands, and how each shipped model was made."""

import importlib.util
import json
import re
import shlex

import pytest

from classifier.__main__ import _parser
from classifier.config import PROJECT, SHIPPED_MODELS

README = PROJECT / "README.md"
BENCHMARKS = PROJECT / "tests" / "benchmarks" / "README.md"
both = pytest.mark.parametrize("file", [README, BENCHMARKS], ids=["project", "benchmarks"])


def commands(text: str, module: str) -> list[list[str]]:
    """The arguments of every `python -m MODULE` in the code of a text."""
    code = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    code += re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    found = re.findall(rf"python -m {re.escape(module)}(.*)", "\n".join(code))
    return [shlex.split(line) for line in found]


@both
def test_each_link_leads_to_a_file_and_to_a_heading(file):
    text = file.read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings}
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    assert links
    for link in links:
        path, _, anchor = link.partition("#")
        assert (file.parent / path).exists() if path else anchor in anchors, link


def test_each_file_and_folder_of_the_table_exists():
    table = README.read_text(encoding="utf-8").partition("## Files")[2].partition("\n## ")[0]
    names = re.findall(r"`([^`]+)`", table)
    assert names
    for name in names:
        inside = [path for part in ("classifier", "tests") for path in (PROJECT / part).rglob(name)]
        assert (PROJECT / name).exists() or inside, name


@both
def test_each_command_is_one_that_the_command_line_takes(file):
    lines = commands(file.read_text(encoding="utf-8"), "classifier")
    assert lines
    for arguments in lines:  # argparse exits where it takes none of them
        _parser().parse_args(arguments)


@both
def test_each_benchmark_named_is_one(file):
    lines = commands(file.read_text(encoding="utf-8"), "tests.benchmarks")
    assert lines
    for first, *_ in lines:
        assert importlib.util.find_spec(f"tests.benchmarks{first}"), first


def test_the_test_command_is_what_ci_runs():
    steps = (PROJECT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    line = next(
        line for line in README.read_text(encoding="utf-8").splitlines() if "pytest" in line
    )
    *_, install, test = line.split(" && ")
    assert test in steps
    assert install.replace("install", "install --quiet") in steps


@pytest.mark.parametrize("model", [path.name for path in sorted(SHIPPED_MODELS.iterdir())])
def test_each_shipped_model_is_listed_with_its_command(model):
    meta = json.loads((SHIPPED_MODELS / model / "meta.json").read_text(encoding="utf-8"))
    line = f"DIGIT_CLASSIFIER_HOME=assets {meta['command']}"
    assert line in README.read_text(encoding="utf-8").splitlines()


def test_the_readme_is_short():
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 200
