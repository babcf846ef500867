"""The command line: what goes in, what comes out, and the exit status."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from classifier import config
from classifier.__main__ import main
from classifier.cli import predict
from classifier.config import TrainConfig
from classifier.events import EpochEnded, Finished, Progress, Started, from_json
from classifier.ink import drawings, preparing, rendering
from classifier.learning import training
from classifier.serving import store
from classifier.synthetic import doodles, handwriting
from tests.paper import encode

PATIENCE = 240  # seconds: for a process that imports TensorFlow on a busy machine


@dataclass
class Outcome:
    """What a command gave."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> object:
        return json.loads(self.out)

    @property
    def events(self) -> list:
        return [from_json(line) for line in self.out.splitlines()]

    @property
    def last(self) -> dict:
        return json.loads(self.out.splitlines()[-1])


@pytest.fixture
def run(capsys) -> Callable[..., Outcome]:
    """Runs a command in this process."""

    def call(*arguments: object) -> Outcome:
        capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Outcome(status, said.out, said.err)

    return call


def run_outside(*arguments: object, **options) -> Outcome:
    """Runs a command as a shell would."""
    ended = subprocess.run(
        [sys.executable, "-m", "classifier", *map(str, arguments)],
        cwd=config.PROJECT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        **options,
    )
    return Outcome(ended.returncode, ended.stdout, ended.stderr)


@pytest.fixture(scope="module")
def trained_home(tmp_path_factory, tiny_arrays) -> Path:
    """A home with one model, `tiny`, that the command trained well enough to read the samples."""
    home = tmp_path_factory.mktemp("trained")
    np.savez(home / "tiny.npz", **tiny_arrays)
    command = "train --json --network dense --data mnist --epochs 6 --batch-size 8 --name tiny"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGIT_CLASSIFIER_HOME", str(home))
        assert main([*command.split(), "--mnist", str(home / "tiny.npz")]) == 0
    return home


@pytest.fixture
def tiny(home, trained_home) -> str:
    """The name of a model in the store, trained on the samples."""
    shutil.copytree(trained_home / "models" / "tiny", home / "models" / "tiny")
    return "tiny"


@pytest.fixture
def no_shipped(home, monkeypatch) -> None:
    monkeypatch.setattr(config, "SHIPPED_MODELS", home / "shipped")


def draw(digit: int) -> np.ndarray:
    """A sample digit as on paper: (280, 280) uint8, dark on light."""
    ink = rendering.render_strokes(*drawings.fit_canvas(handwriting.sample_digit(digit)))
    return np.round(255 * (1 - ink)).astype(np.uint8)


def write(path: Path, picture: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path)
    return path


BLANK = np.full((200, 200), 255, np.uint8)


# predict


@pytest.mark.slow
def test_predict_gives_each_picture_its_digit_and_ten_probabilities(run, tiny, tmp_path):
    files = [write(tmp_path / f"{digit}.png", draw(digit)) for digit in range(10)]
    outcome = run("predict", "--json", "--model", tiny, *files)
    assert outcome.status == 0
    entries = outcome.json
    assert [entry["path"] for entry in entries] == [str(file) for file in files]
    assert [entry["digit"] for entry in entries] == list(range(10))
    for entry in entries:
        assert set(entry) == {"path", "digit", "probabilities", "is_digit", "text", "digits"}
        assert entry["is_digit"] is True
        assert len(entry["probabilities"]) == 10
        assert all(type(p) is float for p in entry["probabilities"])
        assert sum(entry["probabilities"]) == pytest.approx(1, abs=1e-5)
        assert np.argmax(entry["probabilities"]) == entry["digit"]


def test_predict_keeps_the_order_of_arguments_and_sorts_folders_by_name(run, tiny, tmp_path):
    folder = tmp_path / "folder"
    for name, digit in (("b.png", 2), ("10.png", 0), ("a.jpg", 1), ("9.bmp", 9)):
        write(folder / name, draw(digit))
    (folder / "notes.txt").write_text("no picture")
    write(folder / "deeper" / "c.png", draw(3))
    last, first = (write(tmp_path / f"{name}.png", draw(7)) for name in ("a", "z"))
    outcome = run("predict", "--json", "--model", tiny, first, folder, last)
    assert outcome.status == 0
    inside = [str(folder / name) for name in ("10.png", "9.bmp", "a.jpg", "b.png")]
    assert [entry["path"] for entry in outcome.json] == [str(first), *inside, str(last)]
    assert [entry["digit"] for entry in outcome.json] == [7, 0, 9, 1, 2, 7]


def test_predict_goes_on_after_files_that_cannot_be_read(run, tiny, tmp_path):
    good = write(tmp_path / "good.png", draw(4))
    bad = {"empty.png": b"", "text.png": b"not a picture", "cut.png": good.read_bytes()[:200]}
    for name, content in bad.items():
        (tmp_path / name).write_bytes(content)
    paths = [tmp_path / name for name in (*bad, "missing.png")]
    (tmp_path / "hollow").mkdir()
    outcome = run("predict", "--json", "--model", tiny, *paths, tmp_path / "hollow", good)
    assert outcome.status == 1
    *broken, last = outcome.json
    assert [entry["path"] for entry in broken] == [*map(str, paths), str(tmp_path / "hollow")]
    for entry in broken:
        assert set(entry) == {"path", "error"}
        assert entry["path"] in entry["error"]
    assert last["digit"] == 4


def test_predict_says_of_a_phones_photos_in_a_folder_that_it_cannot_read_them(run, tiny, tmp_path):
    write(tmp_path / "photos" / "b.png", draw(4))
    (tmp_path / "photos" / "a.heic").write_bytes(bytes(4) + b"ftypheic" + bytes(40))
    outcome = run("predict", "--json", "--model", tiny, tmp_path / "photos")
    assert outcome.status == 1
    broken, last = outcome.json
    assert broken["path"].endswith("a.heic")
    assert "is a HEIC photo" in broken["error"]
    assert last["digit"] == 4


def test_predict_invents_no_digit_for_a_blank_picture(run, tiny, tmp_path):
    outcome = run("predict", "--json", "--model", tiny, write(tmp_path / "blank.png", BLANK))
    assert outcome.status == 0
    (entry,) = outcome.json
    assert entry["digit"] is None
    assert entry["is_digit"] is False
    assert entry["probabilities"] is None
    assert "nothing" in entry["reason"]


def test_predict_says_of_a_picture_file_what_is_in_the_way():
    """In words of its own: "nothing drawn yet" is for who draws."""
    verdicts = {verdict.value for verdict in preparing.Verdict}
    assert set(predict.REASONS) == verdicts - {preparing.Verdict.READABLE.value}
    assert len(set(predict.REASONS.values())) == len(predict.REASONS)
    for sentence in predict.REASONS.values():
        assert sentence[0].isupper()
        assert sentence.endswith(".")
        assert not {"yet", "draw", "drawn", "clear"} & set(sentence.strip(".").split())


@pytest.mark.parametrize(
    "name", ["n" * 300, f"{'n' * 300}/7.png", f"{'n/' * 3000}7.png", "nul\0.png", "good.png/7.png"]
)
def test_predict_goes_on_after_a_name_that_no_file_can_have(run, tiny, tmp_path, name):
    good = write(tmp_path / "good.png", draw(4))
    outcome = run("predict", "--json", "--model", tiny, tmp_path / name, good)
    assert outcome.status == 1
    broken, last = outcome.json
    assert set(broken) == {"path", "error"}
    assert broken["path"] == str(tmp_path / name)
    assert broken["path"] in broken["error"]
    assert last["digit"] == 4


def test_predict_goes_on_after_a_folder_that_cannot_be_listed(run, tiny, tmp_path, monkeypatch):
    good = write(tmp_path / "good.png", draw(4))
    (tmp_path / "closed").mkdir()
    listed = Path.iterdir

    def refuse(folder: Path):
        if folder.name == "closed":
            raise PermissionError(13, "Permission denied", str(folder))
        return listed(folder)

    monkeypatch.setattr(Path, "iterdir", refuse)
    outcome = run("predict", "--json", "--model", tiny, tmp_path / "closed", good)
    assert outcome.status == 1
    broken, last = outcome.json
    assert broken["error"] == f"{tmp_path / 'closed'} cannot be read: Permission denied."
    assert last["digit"] == 4


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_predict_prints_names_that_are_no_text(tiny, tmp_path):
    odd = write(tmp_path / os.fsdecode(b"7\xff.png"), draw(7))
    outcome = run_outside("predict", "--json", "--model", tiny, odd)
    assert outcome.status == 0, outcome.err
    (entry,) = outcome.json
    assert (entry["path"], entry["digit"]) == (str(odd), 7)
    assert f"{tmp_path}/7\\udcff.png\t7\n" in run_outside("predict", "--model", tiny, odd).out


def side_by_side(*digits: int) -> np.ndarray:
    """Each in 200 columns of its own, with paper above and below: (400, …)."""
    row = np.hstack([draw(digit)[:, 40:240] for digit in digits])
    return np.pad(row, ((60, 60), (0, 0)), constant_values=255)


def test_predict_reads_lines_of_numbers_with_the_place_of_each_digit(run, home, tmp_path):
    """The contract, word for word."""
    paper = np.full((400, 400), 255, np.uint8)
    upper = np.hstack([side_by_side(1, 2), paper, side_by_side(3, 4)])
    lower = np.hstack([side_by_side(5, 6), paper, side_by_side(7, 8)])
    file = write(tmp_path / "sheet.png", np.vstack([upper, lower]))
    (entry,) = run("predict", "--json", file).json
    assert set(entry) == {"path", "digit", "probabilities", "is_digit", "text", "digits"}
    assert (entry["digit"], entry["probabilities"], entry["is_digit"]) == (None, None, False)
    assert entry["text"] == "12 34\n56 78"
    places = [(one["digit"], one["line"], one["number"]) for one in entry["digits"]]
    assert places == [
        (1, 0, 0), (2, 0, 0), (3, 0, 1), (4, 0, 1), (5, 1, 0), (6, 1, 0), (7, 1, 1), (8, 1, 1),
    ]  # fmt: skip
    for one in entry["digits"]:
        assert set(one) == {"digit", "probabilities", "is_digit", "box", "line", "number"}
        assert one["is_digit"] is True
        assert len(one["probabilities"]) == 10
        assert np.argmax(one["probabilities"]) == one["digit"]
        left, top, right, bottom = one["box"]
        assert all(type(side) is int for side in one["box"])
        assert (top // 400, bottom // 400) == (one["line"], one["line"])
        assert (left + right) // 400 == (one["digit"] - 1) % 4 + 2 * one["number"]


def test_predict_gives_one_digit_its_box_and_no_digit_no_text(run, home, tmp_path):
    seven = write(tmp_path / "seven.png", draw(7))
    blank = write(tmp_path / "blank.png", BLANK)
    one, none = run("predict", "--json", seven, blank).json
    assert (one["digit"], one["text"], len(one["digits"])) == (7, "7", 1)
    assert one["digits"][0]["probabilities"] == one["probabilities"]
    ink = np.argwhere(draw(7) < 128)
    (top, left), (bottom, right) = ink.min(axis=0), ink.max(axis=0) + 1
    assert one["digits"][0]["box"] == pytest.approx([left, top, right, bottom], abs=3)
    assert (none["text"], none["digits"]) == ("", [])


def test_predict_gives_boxes_in_pixels_of_the_upright_picture(run, home, tmp_path):
    """However large it is, and whichever way the camera was held."""
    small = side_by_side(4, 2)
    large = np.kron(small, np.ones((10, 10), np.uint8))
    (tmp_path / "large.jpg").write_bytes(encode(np.repeat(large[..., None], 3, 2), 90, 6))
    (expected,) = run("predict", "--json", write(tmp_path / "small.png", small)).json
    (entry,) = run("predict", "--json", tmp_path / "large.jpg").json
    assert entry["text"] == expected["text"] == "42"
    for one, other in zip(entry["digits"], expected["digits"], strict=True):
        assert one["box"] == pytest.approx(10 * np.array(other["box"]), abs=30)


def test_predict_leaves_a_comma_out_of_a_number(run, home, tmp_path):
    picture = side_by_side(6, 2)
    picture[275:310, 197:203] = 0
    assert run("predict", "--json", write(tmp_path / "comma.png", picture)).json[0]["text"] == "62"


def test_predict_says_that_there_is_more_than_it_reads(run, tiny, tmp_path):
    crowd = np.tile(draw(3)[::8, ::8], (40, 40))
    (entry,) = run("predict", "--json", "--model", tiny, write(tmp_path / "many.png", crowd)).json
    assert (entry["text"], entry["reason"]) == ("", predict.CROWDED)


def test_predict_without_json_has_a_line_for_each_file(run, tiny, tmp_path):
    seven = write(tmp_path / "seven.png", draw(7))
    blank = write(tmp_path / "blank.png", BLANK)
    both = write(tmp_path / "both.png", np.vstack([side_by_side(1, 0), side_by_side(7, 4)]))
    missing = tmp_path / "missing.png"
    outcome = run("predict", "--model", tiny, seven, blank, both, missing)
    assert outcome.status == 1
    assert outcome.out == f"{seven}\t7\n{blank}\t\n{both}\t10 / 74\n{missing}\t\n"
    first, second = outcome.err.splitlines()
    assert first == f"{blank}: {predict.REASONS[preparing.Verdict.BLANK.value]}"
    assert second.startswith("Error: ")
    assert "missing.png" in second


def test_predict_says_of_a_sheet_how_it_is_held(run, home, tmp_path):
    """Without `--json`, whose entries are as they always were."""
    sheet = np.vstack([side_by_side(3, 4, 7), side_by_side(7, 4, 3)])
    right = write(tmp_path / "right.png", sheet)
    turned = write(tmp_path / "turned.png", np.rot90(sheet, 2))
    aside = write(tmp_path / "aside.png", np.rot90(sheet))
    mirrored = write(tmp_path / "mirrored.png", sheet[:, ::-1])
    outcome = run("predict", right, turned, aside, mirrored)
    assert outcome.status == 0
    assert outcome.out.startswith(f"{right}\t347 / 743\n{turned}\t")
    assert outcome.err.splitlines() == [
        f"{turned}: It looks upside down, so what is read may be wrong.",
        f"{aside}: It looks turned to the left, so what is read may be wrong.",
        f"{mirrored}: It looks mirrored, so what is read may be wrong.",
    ]
    (entry,) = run("predict", "--json", turned).json
    assert set(entry) == {"path", "digit", "probabilities", "is_digit", "text", "digits"}


def test_predict_writes_each_picture_with_its_boxes(run, tiny, tmp_path):
    plain = side_by_side(1, 0)
    files = [write(tmp_path / name / "both.png", plain) for name in ("a", "b")]
    before = files[0].read_bytes()
    for _ in range(2):  # a second time in their place
        outcome = run("predict", "--model", tiny, "--annotate", tmp_path / "to" / "here", *files)
        assert outcome.status == 0, outcome.err
    written = sorted((tmp_path / "to" / "here").iterdir())
    assert [file.name for file in written] == ["both-2.png", "both.png"]
    assert files[0].read_bytes() == before
    for file in written:
        pixels = np.asarray(Image.open(file)).astype(int)
        assert pixels.shape == (*plain.shape, 3)
        coloured = np.argwhere(np.ptp(pixels, axis=2) > 50)
        assert len(coloured) > 100
        assert coloured[:, 1].min() < 200 < coloured[:, 1].max()


def test_predict_says_that_a_folder_cannot_be_written(run, tiny, tmp_path):
    seven = write(tmp_path / "seven.png", draw(7))
    outcome = run("predict", "--model", tiny, "--annotate", seven, seven)
    assert outcome.status == 1
    assert outcome.err.startswith("Error: ")
    assert f"{seven} is a file" in outcome.err


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_a_name_neither_breaks_its_line_nor_commands_the_terminal(run, tiny, tmp_path):
    odd = write(tmp_path / "7\t8\n9\x1b[31m\u202e.png", draw(7))
    outcome = run("predict", "--model", tiny, odd)
    assert outcome.out == f"{tmp_path}/7\\t8\\n9\\x1b[31m\\u202e.png\t7\n"


def test_predict_from_a_shell_prints_json_and_nothing_else(tiny, tmp_path):
    eight = write(tmp_path / "acht ö.png", draw(8))
    outcome = run_outside("predict", "--json", "--model", tiny, eight, tmp_path / "missing.png")
    assert outcome.status == 1
    good, bad = outcome.json
    assert (good["path"], good["digit"]) == (str(eight), 8)
    assert "error" in bad
    assert "Traceback" not in outcome.err


# train


TINY = ["train", "--json", "--network", "dense", "--data", "mnist"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--epochs", "0"], "epochs is 0"),
        (["--epochs", "-3"], "epochs is -3"),
        (["--learning-rate", "nan"], "learning_rate is nan"),
        (["--learning-rate", "inf"], "learning_rate is inf"),
        (["--learning-rate", "0"], "learning_rate is 0"),
        (["--seconds", "nan"], "seconds is nan"),
        (["--epochs", "1", "--seconds", "1"], "give one of the two"),
        (["--batch-size", "0"], "batch_size is 0"),
        (["--dropout", "1"], "dropout is 1"),
        (["--train-size", "121"], "train_size is 121"),
        (["--seed", "-1"], "seed is -1"),
        (["--name", "../x"], "'../x' cannot name a model"),
        (["--name", "con"], "'con' cannot name a model"),
        (["--drawings", "nowhere.npz"], "nowhere.npz"),
        (["--mnist", "nowhere.npz"], "nowhere.npz"),
        (["--hidden-units", "0"], "hidden_units is 0"),
        (["--network", "deep", "--activation", "linear"], "activation is 'linear'"),
        (["--network", "conv", "--shuffle-labels"], "take styles 0"),
    ],
)
def test_train_refuses_what_makes_no_sense(run, home, tiny_mnist, arguments, words):
    outcome = run(*TINY, "--mnist", tiny_mnist, *arguments)
    assert outcome.status == 1
    assert outcome.last["event"] == "failed"
    assert words in outcome.last["error"]
    assert not list((home / "models").glob("*"))
    assert "Traceback" not in outcome.err


def test_train_hands_over_what_an_experiment_changes(run, monkeypatch):
    seen = []
    monkeypatch.setattr(training, "train", lambda *arguments: seen.append(arguments))
    experiment = ["--hidden-units", "8", "--activation", "linear", "--shuffle-labels"]
    assert run(*TINY, *experiment).status == 0
    assert run(*TINY, "--no-shuffle-labels").status == 0
    (changed, *_, snapshots, owner, _), (plain, *_) = seen
    assert (changed.hidden_units, changed.activation) == (8, "linear")
    assert (changed.shuffle_labels, plain.shuffle_labels) == (True, False)
    assert (snapshots, owner) == (None, ""), "only the page looks at them, and owns"


def test_train_refuses_a_name_that_is_taken(run, tiny, tiny_mnist):
    before = store.get(tiny)
    outcome = run(*TINY, "--mnist", tiny_mnist, "--name", tiny)
    assert outcome.status == 1
    assert outcome.last == {
        "event": "failed",
        "error": "There is a model named 'tiny' already: choose another name.",
    }
    assert store.get(tiny) == before


def test_train_tells_a_folder_that_cannot_be_written(run, home, tiny_mnist):
    (home / "models").write_text("a file")
    outcome = run(*TINY, "--mnist", tiny_mnist)
    assert outcome.status == 1
    assert outcome.last["event"] == "failed"
    assert str(home / "models") in outcome.last["error"]


@pytest.mark.parametrize("error", [AssertionError(), ValueError(), TypeError("one\ntwo")])
def test_train_ends_with_failed_whatever_went_wrong(run, home, monkeypatch, error):
    def fail(*arguments: object) -> None:
        raise error

    monkeypatch.setattr(training, "train", fail)
    outcome = run(*TINY)
    assert outcome.status == 1
    assert outcome.last["event"] == "failed"
    assert type(error).__name__ in outcome.last["error"]
    assert "Traceback" in outcome.err, "what nobody foresaw leaves its trace"


def test_train_without_json_says_its_error_once(run, home):
    outcome = run("train", "--epochs", "0")
    assert outcome.status == 1
    assert outcome.err.count("epochs is 0") == 1


@pytest.mark.parametrize(
    "arguments", [["train", "--epochs", "x"], ["train", "--network", "huge"], ["fly"], []]
)
def test_bad_usage_is_answered_with_status_2(arguments):
    with pytest.raises(SystemExit) as raised:
        main(arguments)
    assert raised.value.code == 2


@pytest.mark.slow
def test_train_from_a_shell_runs_to_the_end_with_no_input(home, tiny_mnist):
    """Only a run that `jobs` started ends with its standard input."""
    arguments = [*TINY, "--mnist", tiny_mnist, "--epochs", "2", "--name", "whole"]
    outcome = run_outside(*arguments, stdin=subprocess.DEVNULL)
    assert outcome.status == 0, outcome.err
    events = outcome.events
    assert isinstance(events[0], Started)
    assert isinstance(events[-1], Finished)
    last = outcome.last
    assert last["event"] == "finished"
    assert last["model"] == "whole"
    assert last["stopped"] is False
    assert {"test_accuracy", "train_accuracy", "seconds"} <= set(last)
    assert (home / "models" / "whole" / "meta.json").is_file()


def test_train_without_json_shows_each_epoch_and_the_result(run, home, monkeypatch):
    def train(chosen: TrainConfig, emit: Callable, *_: object) -> None:
        emit(Started(config=chosen.to_dict(), time=0.0))
        emit(Progress(stage="data", note="Data: MNIST."))
        for number in (1, 2):
            emit(Progress(stage="training", epoch=number, fraction=number / 2, accuracy=0.5))
            epoch = {"loss": 1.0, "accuracy": 0.9 + number / 100, "val_loss": 1.0}
            emit(EpochEnded(epoch=number, **epoch, val_accuracy=0.8, seconds=1.5))
        result = {"test_accuracy": 0.9812, "train_accuracy": 0.9956, "gap": 0.0144}
        counts = {"train_images": 55_000, "test_images": 10_000, "confusion": []}
        emit(Finished(model="shown", **result, **counts, seconds=3.0, stages={}, data="MNIST"))

    monkeypatch.setattr(training, "train", train)
    outcome = run("train")
    assert outcome.status == 0
    words = " ".join(outcome.out.split())
    assert "Data: MNIST." in words
    assert "Epoch 1: accuracy 91.00%, on validation images 80.00% (1.5 s)" in words
    assert "Epoch 2: accuracy 92.00%" in words
    assert "Test accuracy 98.12% on 10,000 digits it never saw, 99.56% on those" in words
    assert "Saved as shown." in words


# evaluate

EVALUATED = {"n", "accuracy", "confusion", "calibration_error", "flagged_not_a_digit"}


def test_evaluate_on_mnist_takes_the_test_images(run, tiny, tiny_mnist):
    outcome = run("evaluate", "--model", tiny, "--data", "mnist", "--mnist", tiny_mnist, "--json")
    assert outcome.status == 0
    values = outcome.json
    assert set(values) >= EVALUATED
    assert values["n"] == 40
    assert values["accuracy"] == pytest.approx(store.get(tiny).test_accuracy)
    assert values["confusion"] == store.get(tiny).meta.saved["metrics"]["confusion"]
    assert values["flagged_not_a_digit"] == 0


def test_evaluate_takes_mnist_from_the_environment(run, tiny, tiny_mnist, monkeypatch):
    monkeypatch.setenv("MNIST_NPZ", str(tiny_mnist))
    assert run("evaluate", "--model", tiny, "--json").json["n"] == 40


def test_evaluate_on_a_file_of_drawings(run, tiny, tmp_path):
    digits = [handwriting.sample_digit(digit) for digit in range(10)]
    labels = np.arange(10)
    labels[3] = 5  # one that the model must get wrong
    drawings.save(drawings.from_strokes(digits, labels), tmp_path / "drawn.npz")
    values = run("evaluate", "--model", tiny, "--data", tmp_path / "drawn.npz", "--json").json
    assert set(values) >= EVALUATED
    assert values["n"] == 10
    assert values["accuracy"] == pytest.approx(0.9)
    expected = np.eye(10, dtype=int)
    expected[3, 3], expected[5, 3] = 0, 1
    assert values["confusion"] == expected.tolist()
    assert 0 <= values["calibration_error"] <= 1
    assert values["flagged_not_a_digit"] == 0


def test_evaluate_of_one_writer_is_all_that_writer(run, tiny, tmp_path):
    digits = [handwriting.sample_digit(digit) for digit in range(10)]
    labels = np.arange(10)
    labels[3] = 5
    drawn = drawings.from_strokes(digits, labels, np.full(10, 7))
    drawings.save(drawn, tmp_path / "mine.npz")
    values = run("evaluate", "--model", tiny, "--data", tmp_path / "mine.npz", "--json").json
    assert values["writers"] == 1
    assert values["writer_mean"] == values["writer_worst"] == values["accuracy"] == 0.9


def test_evaluate_on_a_file_of_images_flags_what_is_no_digit(run, tiny, tmp_path):
    images = np.stack([draw(digit) for digit in range(9)] + [np.full((280, 280), 255, np.uint8)])
    np.savez(tmp_path / "images.npz", x=images, y=np.arange(10, dtype=np.uint8))
    values = run("evaluate", "--model", tiny, "--data", tmp_path / "images.npz", "--json").json
    assert values["n"] == 10
    assert values["accuracy"] == pytest.approx(0.9), "what cannot be read counts as wrong"
    assert values["flagged_not_a_digit"] == pytest.approx(0.1)
    assert np.sum(values["confusion"]) == 9


def test_evaluate_without_json_says_it_in_words(run, tiny, tiny_mnist):
    outcome = run("evaluate", "--model", tiny, "--mnist", tiny_mnist)
    assert outcome.status == 0
    row = outcome.out.splitlines()[2]
    assert [cell.strip() for cell in row.split("|")][1:4] == [tiny, "mnist", "40"]
    assert f"{store.get(tiny).test_accuracy * 100:.2f} %" in row
    assert "Confusion" in outcome.out


def test_evaluate_counts_what_is_no_digit_in_a_file_of_symbols(run, home, tmp_path):
    drawn = doodles.generate(60, 0, ["letters", "several"])
    path = tmp_path / "symbols.npz"
    drawings.save(drawn, path)
    arrays = dict(np.load(path)) | {"labels": np.array(["A"] * 40 + ["l", "O"] * 10)}
    np.savez(path, **arrays)
    outcome = run("evaluate", "--data", path, "--json")
    assert outcome.status == 0
    assert (outcome.json["n"], outcome.json["others"]) == (0, 40)
    assert outcome.json["lookalikes"] == 20
    assert outcome.json["accuracy"] is None
    assert outcome.json["others_flagged"] > 0.8


@pytest.mark.slow
def test_several_models_and_sets_make_a_table(run, home):
    outcome = run("evaluate", "--model", "conv", "dense", "--data", "generated")
    lines = outcome.out.splitlines()
    assert [line.split("|")[1].strip() for line in lines] == ["model", "-----", "conv", "dense"]


def test_robust_draws_the_same_digits_in_many_ways(run, home, tmp_path):
    digits = [handwriting.sample_digit(digit) for digit in range(10)]
    drawings.save(drawings.from_strokes(digits, np.arange(10)), tmp_path / "mine.npz")
    outcome = run("evaluate", "--robust", "--data", tmp_path / "mine.npz", "--json")
    assert outcome.status == 0
    rows = {row["condition"]: row for row in outcome.json["rows"]}
    assert {"size 20%", "place top left", "pen 40 px", "turn +15°"} <= set(rows)
    assert rows["plain"]["strokes_accuracy"] == 1.0
    assert outcome.json["strokes_spread"] == 0.0, "place, size and pen do not matter"


@pytest.mark.parametrize("source", ["mnist", "generated"])
def test_robust_needs_strokes(run, home, source):
    outcome = run("evaluate", "--robust", "--data", source)
    assert outcome.status == 1
    assert "name a file of drawings" in outcome.err


def test_a_detector_reads_no_digits_and_a_reader_detects_nothing(run, home):
    outcome = run("evaluate", "--model", "detector", "--data", "generated")
    assert outcome.status == 1
    assert "detector reads no digits" in outcome.err
    outcome = run("evaluate", "--detector", "conv", "--data", "generated")
    assert outcome.status == 1
    assert "conv is no detector" in outcome.err


def test_evaluate_tells_a_file_that_cannot_be_used(run, tiny, tmp_path):
    (tmp_path / "cut.npz").write_bytes(b"PK\x03\x04")
    for name in ("cut.npz", "missing.npz"):
        outcome = run("evaluate", "--model", tiny, "--data", tmp_path / name, "--json")
        assert outcome.status == 1
        assert outcome.out == ""
        assert str(tmp_path / name) in outcome.err


@pytest.mark.parametrize("command", [["predict", "x.png"], ["evaluate"]])
def test_an_unknown_model_is_answered_with_those_there_are(run, tiny, no_shipped, command):
    outcome = run(*command, "--model", "nobody", "--json")
    assert outcome.status == 1
    assert outcome.out == ""
    assert outcome.err.strip() == "Error: There is no model named 'nobody'. There are: tiny."


def test_a_damaged_model_is_named_and_not_used(run, tiny, home, tmp_path):
    file = home / "models" / tiny / "model.tflite"
    os.truncate(file, file.stat().st_size // 2)
    picture = write(tmp_path / "seven.png", draw(7))
    outcome = run("predict", "--model", tiny, "--json", picture)
    assert outcome.status == 1
    assert str(file.parent) in outcome.err
    assert "damaged" in outcome.err


# merge


def test_files_of_drawings_become_one(run, tmp_path):
    parts = [tmp_path / "one.npz", tmp_path / "two.npz"]
    for seed, part in enumerate(parts):
        drawings.save(handwriting.generate(120, seed), part)  # by two people, or three
    people = sum(len(np.unique(drawings.load(part).writer)) for part in parts)
    outcome = run("merge", *parts, "--to", tmp_path / "both.npz", "--json")
    assert outcome.status == 0
    assert outcome.json == {"drawings": 240, "people": people}
    merged = drawings.load(tmp_path / "both.npz")
    assert merged.labels.tolist() == [n for part in parts for n in drawings.load(part).labels]
    before = (tmp_path / "both.npz").read_bytes()
    outcome = run("merge", parts[0], "--to", tmp_path / "both.npz")
    assert outcome.status == 1
    assert "exists already" in outcome.err
    assert (tmp_path / "both.npz").read_bytes() == before


def test_a_file_merges_once_and_into_a_folder_that_exists(run, tmp_path):
    drawings.save(handwriting.generate(10, 0), tmp_path / "one.npz")
    twice = [tmp_path / "one.npz", tmp_path / ".." / tmp_path.name / "one.npz"]
    outcome = run("merge", *twice, "--to", tmp_path / "both.npz")
    assert (outcome.status, "one.npz is named 2 times" in outcome.err) == (1, True)
    outcome = run("merge", twice[0], "--to", tmp_path / "away" / "both.npz")
    assert (outcome.status, f"no folder {tmp_path / 'away'}" in outcome.err) == (1, True)


def test_images_and_strokes_merge_into_a_file_of_both(run, tmp_path):
    drawings.save(handwriting.generate(10, 0), tmp_path / "strokes.npz")
    np.savez(tmp_path / "images.npz", x=np.zeros((1, 28, 28), np.uint8), y=np.zeros(1, np.uint8))
    both = tmp_path / "both.npz"
    outcome = run("merge", tmp_path / "strokes.npz", tmp_path / "images.npz", "--to", both)
    assert outcome.status == 0, outcome.err
    merged = drawings.load(both)
    assert (len(merged.strokes), len(merged.images)) == (10, 1)
    assert merged.writer[-1] not in merged.strokes.writer
    np.savez(tmp_path / "large.npz", x=np.zeros((1, 64, 64), np.uint8), y=np.zeros(1, np.uint8))
    outcome = run("merge", both, tmp_path / "large.npz", "--to", tmp_path / "all.npz")
    assert (outcome.status, "images of several sizes" in outcome.err) == (1, True)
    assert not (tmp_path / "all.npz").exists()


# models


def test_models_lists_what_there_is_with_metrics(run, tiny, no_shipped):
    outcome = run("models", "--json")
    assert outcome.status == 0
    (entry,) = outcome.json
    meta = store.get(tiny).meta.saved
    assert (entry["name"], entry["shipped"], entry["network"]) == ("tiny", False, "dense")
    assert entry["data"] == "MNIST"
    assert entry["metrics"] == meta["metrics"]
    assert "--epochs 6" in entry["command"]
    words = run("models").out
    assert words.startswith("tiny ")
    assert f"{store.get(tiny).test_accuracy:.2%}" in words


def test_models_warns_of_a_damaged_one_and_lists_the_others(run, tiny, home, no_shipped):
    (home / "models" / "broken").mkdir()
    outcome = run("models", "--json")
    assert outcome.status == 0
    assert [entry["name"] for entry in outcome.json] == ["tiny"]
    assert str(home / "models" / "broken") in outcome.err


def test_with_no_models_it_says_so(run, home, no_shipped):
    assert run("models", "--json").json == []
    assert "There are no models" in run("models").out


# The models that come with the project


def test_both_shipped_models_are_listed_with_the_command_that_made_them(run, home):
    entries = {entry["name"]: entry for entry in run("models", "--json").json}
    assert {"shipped-deep", "shipped-dense"} <= set(entries)
    for name in ("shipped-deep", "shipped-dense"):
        assert entries[name]["shipped"]
        assert entries[name]["network"] == {"shipped-deep": "deep", "shipped-dense": "dense"}[name]
        assert entries[name]["command"].startswith("python -m classifier train")


@pytest.mark.slow
@pytest.mark.parametrize(("name", "least"), [("shipped-deep", 0.995), ("shipped-dense", 0.978)])
def test_shipped_models_read_mnist(run, home, real_mnist, name, least):
    outcome = run("evaluate", "--json", "--model", name, "--data", "mnist", "--mnist", real_mnist)
    assert outcome.status == 0
    assert outcome.json["n"] == 10_000
    assert outcome.json["accuracy"] >= least


@pytest.mark.parametrize("digit", range(10))
def test_unless_told_otherwise_the_shipped_conv_answers(run, home, tmp_path, digit):
    (entry,) = run("predict", "--json", write(tmp_path / "digit.png", draw(digit))).json
    assert (entry["digit"], entry["is_digit"]) == (digit, True)
