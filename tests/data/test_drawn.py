"""Files of drawings: what is mixed in, what is kept back, and in which folds."""

import numpy as np
import pytest

from classifier.config import TrainConfig
from classifier.data import drawn as of_drawings
from classifier.data import sources
from classifier.data.drawn import folds, to_network_inputs
from classifier.ink import drawings, rendering, snippets
from classifier.ink.preparing import Verdict, prepare_strokes
from classifier.synthetic import handwriting
from tests.data import load_tiny


def test_drawings_come_on_top_of_the_own_images_where_readable(tiny_mnist, drawn):
    dataset = load_tiny(tiny_mnist, drawings=str(drawn), drawings_share=0.25)
    assert len(dataset.train_images) == 120, "its own images stay as they are"
    (mixture,) = dataset.mixed
    images, labels = mixture.draw(40, np.random.default_rng(0))
    _, kept_labels = mixture.kept
    assert len(kept_labels) == 1
    assert {*labels.tolist(), *kept_labels.tolist()} == {3, 4, 5}, "the dot is left out"
    assert set(labels.tolist()).isdisjoint(kept_labels.tolist()), "what is kept back is not drawn"
    assert images.shape == (40, 28, 28)
    assert dataset.description == "MNIST, with 25% drawings of mine.npz (2)"


def test_strokes_are_rendered_anew_each_time_with_other_pens(tiny_mnist, drawn):
    (mixture,) = load_tiny(tiny_mnist, drawings=str(drawn)).mixed
    rng = np.random.default_rng(0)
    first, second = mixture.draw(40, rng)[0], mixture.draw(40, rng)[0]
    ink = np.concatenate([first, second]).sum(axis=(1, 2), dtype=float)
    assert len(np.unique(np.concatenate([first, second]), axis=0)) > 60
    assert ink.max() > 1.5 * ink.min()


def test_who_drew_nearly_all_is_not_kept_back(tiny_mnist, tmp_path):
    samples = [handwriting.sample_digit(i % 10) for i in range(21)]
    writer = np.repeat([7, 9], [20, 1])
    path = tmp_path / "two.npz"
    drawings.save(drawings.from_strokes(samples, np.arange(21) % 10, writer), path)
    for seed in range(4):
        (mixture,) = load_tiny(tiny_mnist, drawings=str(path), seed=seed).mixed
        assert len(mixture.kept[1]) == 1


def test_writers_are_kept_back_whole(tiny_mnist, tmp_path):
    samples = [handwriting.sample_digit(i % 10) for i in range(36)]
    drawn = drawings.from_strokes(samples, np.arange(36) % 10, np.repeat(np.arange(12), 3))
    drawings.save(drawn, tmp_path / "class.npz")
    (mixture,) = load_tiny(tiny_mnist, drawings=str(tmp_path / "class.npz")).mixed
    assert len(mixture.kept[1]) == 3, "one of twelve writers"
    assert mixture.description == "drawings of class.npz (33 by 11 people)"


def test_one_writers_drawings_are_kept_back_one_by_one(tiny_mnist, tmp_path):
    """Held out whole, the only writer would leave nothing to learn from."""
    samples = [handwriting.sample_digit(i % 10) for i in range(36)]
    drawn = drawings.from_strokes(samples, np.arange(36) % 10, np.full(36, 7))
    drawings.save(drawn, tmp_path / "mine.npz")
    (mixture,) = load_tiny(tiny_mnist, drawings=str(tmp_path / "mine.npz")).mixed
    learned, kept = mixture.draw(33, np.random.default_rng(0))[1], mixture.kept[1]
    np.testing.assert_array_equal(np.sort([*learned, *kept]), np.sort(drawn.labels))
    assert len(kept) == 3
    assert mixture.description == "drawings of mine.npz (33)"


def test_drawings_that_are_images_are_mixed_in_as_they_are(tiny_mnist, tiny_arrays, tmp_path):
    path = tmp_path / "images.npz"
    blank = np.zeros((1, 28, 28), np.uint8)
    np.savez(path, x=np.concatenate([tiny_arrays["x_test"][:5], blank]), y=np.arange(6))
    (mixture,) = load_tiny(tiny_mnist, drawings=str(path)).mixed
    images, labels = mixture.draw(8, np.random.default_rng(0))
    assert len({*labels.tolist(), *mixture.kept[1].tolist()}) == 5
    assert len(np.unique(images, axis=0)) == 4


def sheets_of(path, count: int, sheet: np.ndarray | None, strokes: int = 0) -> None:
    """A file of so many digits that came as pictures, perhaps after some that were drawn."""
    cut = [snippets.cut(rendering.render_strokes(
        *drawings.fit_canvas(handwriting.sample_digit(k % 10)))) for k in range(count)]  # fmt: skip
    cut = [np.maximum(one, np.uint8(40 + k) * (one > 0)) for k, one in enumerate(cut)]  # none alike
    images = drawings.Images(np.array(cut), np.arange(count) % 10, None, sheet)
    samples = [handwriting.sample_digit(k % 10) for k in range(strokes)]
    drawn = drawings.from_strokes(samples, np.arange(strokes) % 10)
    drawings.save(drawings.Both(drawn, images) if strokes else images, path)


def judged(path):
    return of_drawings.Readable(path).in_folds(0.1, 0, [])


def test_digits_of_one_sheet_are_held_out_together(tmp_path):
    sheet = np.arange(24, dtype=np.int32) // 6
    sheets_of(tmp_path / "a.npz", 24, sheet)
    drawn = judged(tmp_path / "a.npz")
    assert (drawn.by_writer, drawn.by_sheet) == (False, True)
    assert all(len(set(drawn.fold[sheet == one].tolist())) == 1 for one in range(4))
    assert len(set(drawn.fold.tolist())) == 4


def test_of_one_sheet_alone_digits_are_held_out_one_by_one(tmp_path):
    sheets_of(tmp_path / "a.npz", 10, np.zeros(10, np.int32))
    drawn = judged(tmp_path / "a.npz")
    assert (drawn.by_sheet, len(drawn.without)) == (False, 5)


def test_drawings_and_pictures_are_learned_from_together(tmp_path):
    sheets_of(tmp_path / "a.npz", 10, np.zeros(10, np.int32), strokes=10)
    found = of_drawings.Readable(tmp_path / "a.npz")
    assert len(found.labels) == 20
    drawn = found.in_folds(0.1, 0, [])
    assert drawn.by_sheet
    assert len(set(drawn.fold[10:].tolist())) == 1
    images, labels = found.mixture(0.1, np.arange(20)).draw(60, np.random.default_rng(0))
    as_they_are = sum(any(np.array_equal(one, other) for other in drawn.images) for one in images)
    assert 25 <= as_they_are <= 35, "pictures as they are, strokes with other pens"
    assert np.bincount(labels).tolist() == [6] * 10


def test_a_picture_has_the_digest_by_which_it_was_kept(tmp_path):
    sheets_of(tmp_path / "a.npz", 6, None)
    pixels = drawings.load(tmp_path / "a.npz").pixels
    assert list(judged(tmp_path / "a.npz").digests) == [drawings.digest([one]) for one in pixels]


def test_a_file_without_a_readable_digit_is_refused(tiny_mnist, tmp_path):
    np.savez(tmp_path / "blank.npz", x=np.zeros((3, 28, 28), np.uint8), y=np.arange(3))
    with pytest.raises(ValueError, match=r"blank\.npz has 0 drawings in which there is a digit"):
        load_tiny(tiny_mnist, drawings=str(tmp_path / "blank.npz"))


def test_drawings_of_single_points_alone_are_refused(tiny_mnist, tmp_path):
    points = [[np.zeros((1, 2)), np.ones((1, 2)) * 1e-9] for _ in range(20)]
    drawings.save(drawings.from_strokes(points, np.arange(20) % 10), tmp_path / "dots.npz")
    with pytest.raises(ValueError, match=r"dots\.npz has 0 drawings in which there is a digit"):
        load_tiny(tiny_mnist, drawings=str(tmp_path / "dots.npz"))


def test_missing_or_wrong_file_of_drawings_is_named(tiny_mnist, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"gone\.npz"):
        load_tiny(tiny_mnist, drawings=str(tmp_path / "gone.npz"))
    with pytest.raises(ValueError, match=r"tiny-mnist\.npz is not a file of drawings"):
        load_tiny(tiny_mnist, drawings=str(tiny_mnist))


def test_inputs_of_drawings_say_which_are_readable(drawn):
    inputs, readable = to_network_inputs(drawings.load(drawn))
    assert inputs.shape == (4, 28, 28)
    assert inputs.dtype == np.uint8
    assert readable.tolist() == [True, True, True, False]
    assert not inputs[3].any()


def test_few_drawings_are_drawn_with_many_pens_but_not_without_end(tiny_mnist, tmp_path):
    strokes = [handwriting.sample_digit(3), handwriting.sample_digit(8)]
    path = tmp_path / "two.npz"
    drawings.save(drawings.from_strokes(strokes, np.array([3, 8])), path)
    config = TrainConfig(base="dense", drawings=str(path), mnist=str(tiny_mnist))
    (mixture,) = sources.load(config).mixed
    images, labels = mixture.draw(200, np.random.default_rng(0))
    assert np.bincount(labels)[[3, 8]].tolist() == [100, 100]
    assert 20 < len(np.unique(images, axis=0)) <= 2 * of_drawings._PENS
    for digit in (3, 8):
        again = mixture.draw(2, np.random.default_rng(0))
        assert (again[1] == digit).sum() == 1, "each once before any comes again"
    assert mixture.draw(0, np.random.default_rng(0))[0].shape == (0, 28, 28)


@pytest.mark.parametrize("unit", [1e-3, 1.0, 5000.0])
def test_strokes_in_any_unit_fit_the_canvas(unit):
    strokes = [stroke * unit + unit for stroke in handwriting.sample_digit(2)]
    placed, size, pen = drawings.fit_canvas(strokes)
    points = np.concatenate(placed)
    assert points.min() == pytest.approx(pen, abs=0.1)
    assert points.max() == pytest.approx(size - pen, abs=0.1)
    assert prepare_strokes(placed, size, pen).verdict is Verdict.READABLE


def test_a_single_point_fits_the_canvas():
    placed, size, _ = drawings.fit_canvas([np.array([[7.0, 7.0]])])
    assert np.isfinite(placed[0]).all()
    assert 0 <= placed[0].min() <= placed[0].max() <= size


def test_folds_keep_writers_together_and_labels_apart():
    rng = np.random.default_rng(0)
    people = rng.integers(0, 7, 300)
    labels = rng.integers(0, 10, 300)
    by_people = folds(labels, people, 0)
    assert all(len(np.unique(by_people[people == one])) == 1 for one in range(7))
    assert set(by_people) == set(range(5))
    by_label = folds(labels, None, 0)
    for digit in range(10):
        counts = np.bincount(by_label[labels == digit], minlength=5)
        assert np.ptp(counts) <= 1
