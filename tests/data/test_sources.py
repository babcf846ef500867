"""Where images to learn from come from, in which order, and what is said when there are none."""

from __future__ import annotations

import functools
import hashlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from classifier.config import TrainConfig
from classifier.data import sources
from classifier.data.sources import Dataset, DataUnavailableError
from classifier.ink import drawings
from classifier.ink.preparing import Verdict, prepare_strokes
from classifier.synthetic import handwriting


def ignore(note: str, share: float | None) -> None:
    """Hears what is told and keeps nothing."""


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    """Servers on this machine are asked directly, whatever the environment says."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def few_generated(monkeypatch):
    """40 generated digits to train on and 20 to test, in place of thousands."""
    monkeypatch.setattr(sources, "GENERATED_TRAIN", 40)
    monkeypatch.setattr(sources, "GENERATED_TEST", 20)


@pytest.fixture
def cached(home: Path) -> Path:
    """Where Keras would keep MNIST; nothing is there yet."""
    path = home / "keras" / "datasets" / "mnist.npz"
    path.parent.mkdir(parents=True)
    return path


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Starts servers on this machine: give it what answers a request, get the address."""
    servers = []

    def start(answer: Callable[[BaseHTTPRequestHandler], None]) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                answer(self)

            def log_message(self, *about):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/mnist.npz"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def sending(content: bytes, announced: int | None = None) -> Callable:
    """Answers with this content, announced as `announced` bytes."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(announced or len(content)))
        request.end_headers()
        request.wfile.write(content)

    return answer


def trickling(seconds: float) -> Callable:
    """Announces a megabyte and sends a byte now and then, for so long."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "1000000")
        request.end_headers()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                request.wfile.write(b"x")
            except OSError:  # whoever asked has gone
                return
            time.sleep(0.02)

    return answer


def refused_download(url: str, path: Path, deadline: float | None = None, sha: str = "0") -> str:
    """The message with which a download fails; nothing may be left behind."""
    before = sorted(path.parent.iterdir()) if path.parent.is_dir() else []
    with pytest.raises(DataUnavailableError) as refusal:
        sources.download(url, path, sha, ignore, deadline)
    after = sorted(path.parent.iterdir()) if path.parent.is_dir() else []
    assert after == before, "a failed download leaves nothing behind"
    message = str(refusal.value)
    assert message.startswith("MNIST could not be downloaded (")
    assert "Name a copy with --mnist FILE.npz or MNIST_NPZ, or choose generated digits." in message
    return message


# Download.


def test_download_arrives_whole_in_a_new_folder(serve, tmp_path):
    content = bytes(range(256)) * 2000
    path = tmp_path / "new" / "folder" / "mnist.npz"
    sources.download(serve(sending(content)), path, sha256(content), ignore)
    assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


def test_download_without_an_announced_size_arrives_too(serve, tmp_path):
    content = b"digits" * 1000

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        request.wfile.write(content)

    sources.download(serve(answer), tmp_path / "mnist.npz", sha256(content), ignore)
    assert (tmp_path / "mnist.npz").read_bytes() == content


def test_download_tells_its_progress(serve, tmp_path):
    content = bytes(300_000)

    def slowly(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        for third in range(3):
            request.wfile.write(content[third * 100_000 : (third + 1) * 100_000])
            time.sleep(0.21)

    told = []
    sources.download(
        serve(slowly),
        tmp_path / "mnist.npz",
        sha256(content),
        lambda note, share: told.append((note, share)),
    )
    assert all(note.startswith("Downloading MNIST") for note, _ in told)
    shares = [share for _, share in told]
    assert shares[0] == 0.0
    assert shares == sorted(shares)
    assert any(0 < share < 1 for share in shares)


def test_wrong_checksum_is_refused(serve, tmp_path):
    message = refused_download(serve(sending(b"a portal's page")), tmp_path / "mnist.npz")
    assert "checksum is wrong" in message


def test_download_cut_off_in_the_middle_is_refused(serve, tmp_path):
    url = serve(sending(b"x" * 1000, announced=5000))
    assert "cut off after 1,000 of 5,000 bytes" in refused_download(url, tmp_path / "mnist.npz")


def test_server_that_never_answers_is_given_up_in_seconds(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "CONNECT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        begun = time.monotonic()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/mnist.npz"
        message = refused_download(url, tmp_path / "mnist.npz")
    assert "timed out" in message
    assert time.monotonic() - begun < 1.5


def test_server_that_falls_silent_is_given_up_in_seconds(serve, tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "CONNECT_SECONDS", 0.2)
    done = threading.Event()

    def fall_silent(request: BaseHTTPRequestHandler) -> None:
        sending(b"x" * 1000, announced=5000)(request)
        done.wait(3)

    begun = time.monotonic()
    message = refused_download(serve(fall_silent), tmp_path / "mnist.npz")
    done.set()
    assert "timed out" in message
    assert time.monotonic() - begun < 1.5


def test_the_time_out_is_a_matter_of_seconds():
    assert 1 <= sources.CONNECT_SECONDS <= 10


def test_refused_connection_is_said(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    message = refused_download(f"http://127.0.0.1:{port}/mnist.npz", tmp_path / "mnist.npz")
    assert "Connection refused" in message


def test_unknown_address_is_said(tmp_path):
    assert "unknown url type" in refused_download("nothing:at-all", tmp_path / "mnist.npz")


def test_error_of_the_server_is_said(serve, tmp_path):
    url = serve(lambda request: request.send_error(404, "Not Here"))
    assert "Not Here" in refused_download(url, tmp_path / "mnist.npz")


def test_answer_that_is_no_http_is_refused(serve, tmp_path):
    url = serve(lambda request: request.wfile.write(b"Welcome to the hotel!\r\n\r\n"))
    assert "Welcome to the hotel" in refused_download(url, tmp_path / "mnist.npz")


def test_trickle_is_given_up_at_the_deadline(serve, tmp_path):
    begun = time.monotonic()
    message = refused_download(serve(trickling(5)), tmp_path / "mnist.npz", deadline=0.3)
    assert "longer than" in message
    assert time.monotonic() - begun < 1.5


def test_folder_that_cannot_be_made_is_said(serve, tmp_path):
    (tmp_path / "file").touch()
    message = refused_download(serve(sending(b"x")), tmp_path / "file" / "mnist.npz")
    assert str(tmp_path / "file") in message


def test_whoever_listens_can_end_a_download_and_nothing_is_left(serve, tmp_path):
    class EndedError(RuntimeError):
        pass

    def end(note: str, share: float | None) -> None:
        if share:
            raise EndedError

    with pytest.raises(EndedError):
        sources.download(serve(sending(b"x" * 9)), tmp_path / "mnist.npz", "0", end)
    assert list(tmp_path.iterdir()) == []


def test_failed_download_leaves_the_old_file(serve, tmp_path):
    path = tmp_path / "mnist.npz"
    path.write_bytes(b"old")
    refused_download(serve(sending(b"new")), path)
    assert path.read_bytes() == b"old"


# Which MNIST.


@pytest.fixture
def unreachable(monkeypatch):
    """A download fails the test."""
    monkeypatch.setattr(sources, "download", lambda *_: pytest.fail("nothing is to be downloaded"))


def test_named_file_goes_before_all(home, tiny_mnist, tiny_arrays, monkeypatch, unreachable):
    monkeypatch.setenv("MNIST_NPZ", str(home / "not-there.npz"))
    dataset = sources.mnist(str(tiny_mnist))
    np.testing.assert_array_equal(dataset.train_images, tiny_arrays["x_train"])
    np.testing.assert_array_equal(dataset.train_labels, tiny_arrays["y_train"])
    np.testing.assert_array_equal(dataset.test_images, tiny_arrays["x_test"])
    np.testing.assert_array_equal(dataset.test_labels, tiny_arrays["y_test"])
    assert (dataset.source, dataset.description) == ("mnist", "MNIST")


def test_a_named_file_is_taken_as_it_is_even_from_keras_cache(cached, tiny_mnist, unreachable):
    tiny_mnist.rename(cached)  # its checksum is another
    assert len(sources.mnist(str(cached)).train_labels) == 120


def test_environments_file_goes_before_keras_cache(cached, tiny_mnist, monkeypatch, unreachable):
    cached.write_bytes(b"damaged, if anybody looked")
    monkeypatch.setenv("MNIST_NPZ", str(tiny_mnist))
    assert len(sources.mnist().train_labels) == 120


def test_keras_cache_goes_before_a_download(cached, tiny_mnist, unreachable):
    cached.write_bytes(tiny_mnist.read_bytes())
    assert len(sources.mnist(sha256=sha256(cached.read_bytes())).train_labels) == 120


def test_download_goes_into_keras_cache_and_is_used_again(home, tiny_mnist, serve):
    content = tiny_mnist.read_bytes()
    served = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        served.append(request.path)
        sending(content)(request)

    url = serve(answer)
    for _ in range(2):
        dataset = sources.mnist(url=url, sha256=sha256(content))
        assert len(dataset.train_labels) == 120
    assert served == ["/mnist.npz"]
    assert (home / "keras" / "datasets" / "mnist.npz").read_bytes() == content


def test_keras_home_is_in_the_users_folder_unless_named(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_HOME", raising=False)
    assert sources.keras_home() == tmp_path / ".keras"
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "k"))
    assert sources.keras_home() == tmp_path / "k"


def test_damaged_cache_is_named_with_the_way_out_and_left_alone(cached, unreachable):
    cached.write_bytes(b"half of it")
    with pytest.raises(DataUnavailableError) as refusal:
        sources.mnist()
    assert str(cached) in str(refusal.value)
    assert "damaged" in str(refusal.value)
    assert "delete it" in str(refusal.value)
    assert cached.read_bytes() == b"half of it"


@pytest.mark.parametrize("source", ["mnist", "auto"])
def test_named_file_that_is_missing_is_an_error_and_not_replaced(home, source, unreachable):
    config = TrainConfig(data=source, mnist=str(home / "gone.npz"))
    with pytest.raises(FileNotFoundError, match=r"There is no file .*gone\.npz"):
        sources.load(config)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"y_test": None}, "it has no y_test"),
        ({"x_train": np.zeros((120, 32, 32), np.uint8)}, "images must be 28×28, not (32, 32)"),
        ({"x_train": np.zeros((120, 784), np.uint8)}, "not uint8 (120, 784)"),
        ({"x_train": np.zeros((120, 28, 28))}, "not float64 (120, 28, 28)"),
        ({"x_test": np.full((40, 28, 28), np.nan)}, "images must be uint8"),
        ({"y_train": np.full(120, 10)}, "labels must be 0 to 9, but one is 10"),
        ({"y_train": np.full(120, np.nan)}, "labels must be 120 whole numbers"),
        ({"y_train": np.zeros(119, np.uint8)}, "labels must be 120 whole numbers"),
        (
            {"x_test": np.zeros((9, 28, 28), np.uint8), "y_test": np.zeros(9, np.uint8)},
            "x_test has 9 images: at least 10 are needed",
        ),
    ],
)
def test_file_that_is_not_mnist_is_named_with_what_is_wrong(home, tiny_arrays, change, words):
    path = home / "wrong.npz"
    arrays = tiny_arrays | change
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    with pytest.raises(ValueError) as refusal:
        sources.mnist(str(path))
    assert str(refusal.value).startswith(f"{path} is not MNIST in Keras' layout: ")
    assert words in str(refusal.value)


def test_truncated_mnist_is_named(home, tiny_mnist):
    content = tiny_mnist.read_bytes()
    tiny_mnist.write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=r"tiny-mnist\.npz is not a readable \.npz file"):
        sources.mnist(str(tiny_mnist))


def test_real_mnist_has_its_shape(real_mnist):
    dataset = sources.mnist(str(real_mnist))
    assert dataset.train_images.shape == (60_000, 28, 28)
    assert dataset.test_images.shape == (10_000, 28, 28)
    assert dataset.train_images.dtype == dataset.train_labels.dtype == np.uint8
    assert np.bincount(dataset.test_labels).tolist() == (
        [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    )


# `auto`, and generated digits.


def test_auto_takes_mnist_where_it_is(home, tiny_mnist, monkeypatch, unreachable):
    monkeypatch.setenv("MNIST_NPZ", str(tiny_mnist))
    assert sources.load(TrainConfig(data="auto")).source == "mnist"


def out_of_reach(monkeypatch) -> None:
    """MNIST's address refuses connections."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    away = functools.partial(sources.mnist, url=f"http://127.0.0.1:{port}/mnist.npz")
    monkeypatch.setattr(sources, "mnist", away)


def test_auto_falls_back_to_generated_digits_and_says_so(home, few_generated, monkeypatch):
    out_of_reach(monkeypatch)
    told = []
    dataset = sources.load(TrainConfig(data="auto"), lambda note, share: told.append(note))
    assert dataset.source == "generated"
    assert "generated" in dataset.description
    assert len(dataset.train_labels) == 40
    assert told[-1].startswith("MNIST could not be downloaded (")
    assert told[-1].endswith("Training on generated digits instead.")


def test_auto_falls_back_from_a_damaged_cache_and_says_so(cached, few_generated):
    cached.write_bytes(b"half of it")
    told = []
    dataset = sources.load(TrainConfig(data="auto"), lambda note, share: told.append(note))
    assert dataset.source == "generated"
    assert "damaged" in told[-1]


def test_auto_gives_up_a_slow_download(home, few_generated, serve, monkeypatch):
    monkeypatch.setattr(sources, "mnist", functools.partial(sources.mnist, url=serve(trickling(5))))
    monkeypatch.setattr(sources, "AUTO_SECONDS", 0.3)
    begun = time.monotonic()
    assert sources.load(TrainConfig(data="auto")).source == "generated"
    assert time.monotonic() - begun < 2


def test_mnist_waits_for_a_slow_download(home, serve, monkeypatch):
    monkeypatch.setattr(
        sources, "mnist", functools.partial(sources.mnist, url=serve(trickling(0.3)))
    )
    monkeypatch.setattr(sources, "AUTO_SECONDS", 0.1)
    with pytest.raises(DataUnavailableError, match="cut off"):
        sources.load(TrainConfig(data="mnist"))


def test_mnist_out_of_reach_is_an_error_when_mnist_was_asked_for(home, monkeypatch):
    out_of_reach(monkeypatch)
    with pytest.raises(DataUnavailableError, match="choose generated digits"):
        sources.load(TrainConfig(data="mnist"))


def test_generated_digits_need_neither_file_nor_network(home, few_generated, unreachable):
    dataset = sources.load(TrainConfig(data="generated"))
    assert dataset.train_images.shape == (40, 28, 28)
    assert dataset.test_images.shape == (20, 28, 28)
    assert dataset.train_images.dtype == dataset.train_labels.dtype == np.uint8
    assert np.bincount(dataset.train_labels, minlength=10).tolist() == [4] * 10
    assert (dataset.source, dataset.description) == ("generated", "generated digits")


def test_generated_digits_differ_by_seed_but_are_tested_on_the_same(few_generated):
    first, again, other = (sources.generated(30, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.train_images, again.train_images)
    assert first.fingerprint() == again.fingerprint()
    assert (first.train_images != other.train_images).any()
    np.testing.assert_array_equal(first.test_images, other.test_images)
    images, labels = sources.generated_test()
    np.testing.assert_array_equal(first.test_images, images)
    np.testing.assert_array_equal(first.test_labels, labels)


def test_nobody_trains_on_the_generated_test_digits(few_generated):
    for seed in (0, 1):
        assert (sources.generated(20, seed).train_images != sources.generated_test()[0]).any()


def test_as_many_digits_are_generated_as_are_trained_on(few_generated):
    assert len(sources.load(TrainConfig(data="generated", train_size=55)).train_labels) == 55


def test_more_generated_digits_than_there_are_is_refused():
    with pytest.raises(ValueError, match="train_size is 60001: at most 60,000"):
        sources.load(TrainConfig(data="generated", train_size=60_001))


# Cutting and mixing.


def load_tiny(path: Path, **chosen) -> Dataset:
    return sources.load(TrainConfig(data="mnist", mnist=str(path), **chosen))


def test_train_size_cuts_the_training_images_alone(tiny_mnist, tiny_arrays):
    dataset = load_tiny(tiny_mnist, train_size=30)
    assert dataset.train_images.shape == (30, 28, 28)
    assert len(dataset.test_labels) == 40
    assert dataset.description == "30 images of MNIST"
    known = {
        (image.tobytes(), int(label))
        for image, label in zip(tiny_arrays["x_train"], tiny_arrays["y_train"], strict=True)
    }
    for image, label in zip(dataset.train_images, dataset.train_labels, strict=True):
        assert (image.tobytes(), int(label)) in known


def test_cut_is_random_and_repeatable(tiny_mnist, tiny_arrays):
    first, again, other = (
        load_tiny(tiny_mnist, train_size=30, seed=seed).train_images for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert (first != tiny_arrays["x_train"][:30]).any(), "the first 30 may all be of one writer"


def test_train_size_may_be_all_there_are(tiny_mnist):
    assert len(load_tiny(tiny_mnist, train_size=120).train_labels) == 120


def test_a_run_that_goes_on_takes_what_there_is(tiny_mnist, tmp_path):
    digits = [handwriting.sample_digit(digit) for digit in range(10)]
    drawings.save(drawings.from_strokes(digits, np.arange(10)), tmp_path / "drawn.npz")
    more = {"base": "some-model", "drawings": str(tmp_path / "drawn.npz")}
    assert len(load_tiny(tiny_mnist, train_size=15_000, **more).train_labels) == 120


def test_train_size_over_the_data_names_both_numbers(tiny_mnist):
    with pytest.raises(ValueError) as refusal:
        load_tiny(tiny_mnist, train_size=121)
    assert "train_size is 121" in str(refusal.value)
    assert "MNIST has 120 training images: ask for at most that many" in str(refusal.value)


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    """A file of three digits and a dot."""
    samples = [handwriting.sample_digit(digit) for digit in (3, 4, 5)]
    dot = [np.array([[0.5, 0.5]], np.float32)]
    path = tmp_path / "mine.npz"
    drawings.save(drawings.from_strokes([*samples, dot], np.array([3, 4, 5, 6])), path)
    return path


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


def test_writers_are_kept_back_whole(tiny_mnist, tmp_path):
    samples = [handwriting.sample_digit(i % 10) for i in range(36)]
    drawn = drawings.from_strokes(samples, np.arange(36) % 10, np.repeat(np.arange(12), 3))
    drawings.save(drawn, tmp_path / "class.npz")
    (mixture,) = load_tiny(tiny_mnist, drawings=str(tmp_path / "class.npz")).mixed
    assert len(mixture.kept[1]) == 3, "one of twelve writers"
    assert mixture.description == "drawings of class.npz (33 by 11 people)"


def test_drawings_that_are_images_are_mixed_in_as_they_are(tiny_mnist, tiny_arrays, tmp_path):
    path = tmp_path / "images.npz"
    blank = np.zeros((1, 28, 28), np.uint8)
    np.savez(path, x=np.concatenate([tiny_arrays["x_test"][:5], blank]), y=np.arange(6))
    (mixture,) = load_tiny(tiny_mnist, drawings=str(path)).mixed
    images, labels = mixture.draw(8, np.random.default_rng(0))
    assert len({*labels.tolist(), *mixture.kept[1].tolist()}) == 5
    assert len(np.unique(images, axis=0)) == 4


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
    inputs, readable = sources.to_network_inputs(drawings.load(drawn))
    assert inputs.shape == (4, 28, 28)
    assert inputs.dtype == np.uint8
    assert readable.tolist() == [True, True, True, False]
    assert not inputs[3].any()


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


def test_fingerprint_changes_with_any_pixel_or_label(tiny_mnist):
    base = load_tiny(tiny_mnist)
    assert base.fingerprint() == load_tiny(tiny_mnist).fingerprint()
    for part in ("train_images", "train_labels", "test_images", "test_labels"):
        changed = load_tiny(tiny_mnist)
        array = getattr(changed, part)
        array.flat[-1] ^= 1
        assert changed.fingerprint() != base.fingerprint(), part


# Validation and augmentation.


@pytest.mark.parametrize(("count", "kept"), [(10, 1), (12, 1), (120, 10), (60_000, 5_000)])
def test_validation_is_a_twelfth_disjoint_and_complete(count, kept):
    trained, held = sources.split_validation(count, seed=0)
    assert (len(trained), len(held)) == (count - kept, kept)
    np.testing.assert_array_equal(np.sort(np.concatenate([trained, held])), np.arange(count))


def test_validation_is_drawn_by_the_seed():
    first, again, other = (sources.split_validation(120, seed)[1] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert set(first) != set(other)


# Epochs.


def shares(dataset, count=2, **options):
    images, labels = dataset.train_images, dataset.train_labels
    options = {"count": count, "augment": False, "seed": 0} | options
    return list(sources.epochs(images, labels, dataset.mixed, **options))


def test_an_epoch_has_the_stated_shares(tiny_mnist, drawn):
    dataset = load_tiny(tiny_mnist, drawings=str(drawn), drawings_share=0.2, styles=0.4)
    epochs = shares(dataset)
    assert len(epochs) == 2
    for images, labels in epochs:
        assert len(images) == len(labels) == sources.epoch_size(120, dataset.mixed) == 300
        np.testing.assert_array_equal(images[:120], dataset.train_images)
        np.testing.assert_array_equal(np.bincount(labels[120:240]), np.full(10, 12))
    assert (epochs[0][0][120:] != epochs[1][0][120:]).any(), "what is mixed in is made anew"


def test_epochs_are_the_same_for_the_same_seed(tiny_mnist):
    dataset = load_tiny(tiny_mnist, styles=0.2)
    for first, again in zip(
        shares(dataset, augment=True), shares(dataset, augment=True), strict=True
    ):
        np.testing.assert_array_equal(first[0], again[0])


def test_what_a_network_knows_already_stays_as_it_is(tiny_mnist, drawn):
    """Plain: augmentation is for what is mixed in alone, and changes all of that."""
    dataset = load_tiny(tiny_mnist, drawings=str(drawn), drawings_share=0.5)
    ((before, labels),) = shares(dataset, count=1)
    ((after, same),) = shares(dataset, count=1, augment=True, plain=True)
    np.testing.assert_array_equal(same, labels)
    np.testing.assert_array_equal(after[:120], dataset.train_images)
    assert (after[120:] != before[120:]).any(axis=(1, 2)).all()
    ((everything, _),) = shares(dataset, count=1, augment=True)
    assert (everything[:120] != dataset.train_images).any(axis=(1, 2)).mean() > 0.9


def test_few_drawings_are_drawn_with_many_pens_but_not_without_end(tiny_mnist, tmp_path):
    strokes = [handwriting.sample_digit(3), handwriting.sample_digit(8)]
    path = tmp_path / "two.npz"
    drawings.save(drawings.from_strokes(strokes, np.array([3, 8])), path)
    config = TrainConfig(base="dense", drawings=str(path), mnist=str(tiny_mnist))
    (mixture,) = sources.load(config).mixed
    images, labels = mixture.draw(200, np.random.default_rng(0))
    assert np.bincount(labels)[[3, 8]].tolist() == [100, 100]
    assert 20 < len(np.unique(images, axis=0)) <= 2 * sources._PENS
    for digit in (3, 8):
        again = mixture.draw(2, np.random.default_rng(0))
        assert (again[1] == digit).sum() == 1, "each once before any comes again"
    assert mixture.draw(0, np.random.default_rng(0))[0].shape == (0, 28, 28)


def test_epochs_without_an_end_go_on(tiny_mnist):
    dataset = load_tiny(tiny_mnist)
    endless = sources.epochs(
        dataset.train_images, dataset.train_labels, (), count=None, augment=True, seed=0
    )
    assert len([next(endless) for _ in range(4)]) == 4


def test_what_fails_in_the_thread_is_raised(tiny_mnist):
    def fail(count, rng):
        raise MemoryError("no room")

    dataset = load_tiny(tiny_mnist)
    mixed = (sources.Mixture(0.5, "nothing", "", fail),)
    with pytest.raises(MemoryError, match="no room"):
        next(sources.epochs(dataset.train_images, dataset.train_labels, mixed,
                         count=1, augment=False, seed=0))  # fmt: skip


def test_the_data_say_every_source(tiny_mnist, drawn):
    said = load_tiny(tiny_mnist, drawings=str(drawn), styles=0.1).to_dict()
    assert [part["share"] for part in said["mixed"]] == [0.1, 0.2]
    assert said["mixed"][1]["fingerprint"] == sha256(drawn.read_bytes())


def test_a_detector_learns_digits_against_as_many_other_drawings(tiny_mnist, drawn):
    dataset = sources.with_others(load_tiny(tiny_mnist, drawings=str(drawn), styles=0.2))
    (_, labels) = shares(dataset, count=1)[0]
    assert (labels == 0).mean() == pytest.approx(0.5, abs=0.01)
    assert set(labels.tolist()) == set(range(7))
    assert (dataset.test_labels == 0).sum() == 40 == (dataset.test_labels > 0).sum()
    assert not dataset.mixed[1].kept[1].any()


def test_a_kind_can_be_left_out_of_a_detectors_training(tiny_mnist):
    dataset = sources.with_others(load_tiny(tiny_mnist), kinds=["letters", "scribbles"])
    (_, labels) = shares(dataset, count=1)[0]
    assert set(labels.tolist()) == {0, 1, 4}
    assert set(dataset.test_labels.tolist()) == set(range(7))


# What a run had, for looking at it later


@pytest.mark.parametrize("chosen", [{}, {"train_size": 50}, {"shuffle_labels": True, "seed": 3}])
def test_the_data_of_a_run_are_found_again_without_a_download(
    home, tiny_mnist, monkeypatch, unreachable, chosen
):
    monkeypatch.setenv("MNIST_NPZ", str(tiny_mnist))
    config = TrainConfig(**chosen)
    then, now = sources.load(config), sources.at_hand(config, "mnist")
    assert now.fingerprint() == then.fingerprint()
    assert now.description == then.description


def test_generated_digits_are_drawn_again_as_they_were(home, few_generated, unreachable):
    config = TrainConfig(data="generated", train_size=30, seed=5, styles=0.5)
    assert sources.at_hand(config, "generated").fingerprint() == sources.load(config).fingerprint()


def test_data_that_are_gone_are_said_to_be_gone(home, tmp_path, unreachable):
    for mnist in (None, str(tmp_path / "gone.npz"), str(tmp_path / ("x" * 300)), "a\0b"):
        with pytest.raises(DataUnavailableError, match=r"not on this disk.*MNIST_NPZ"):
            sources.at_hand(TrainConfig(mnist=mnist), "mnist")


def test_another_copy_stands_in_for_the_file_that_is_gone(cached, tiny_mnist, monkeypatch):
    then = load_tiny(tiny_mnist)
    config = TrainConfig(mnist=str(tiny_mnist))
    tiny_mnist.rename(cached)
    assert sources.at_hand(config, "mnist").fingerprint() == then.fingerprint()
    copy = cached.rename(cached.with_name("copy.npz"))
    monkeypatch.setenv("MNIST_NPZ", str(copy))
    assert sources.at_hand(config, "mnist").fingerprint() == then.fingerprint()


def test_a_damaged_file_and_an_unknown_source_are_named(home, tiny_mnist):
    tiny_mnist.write_bytes(tiny_mnist.read_bytes()[:5000])
    with pytest.raises(ValueError, match=r"tiny-mnist\.npz is not a readable"):
        sources.at_hand(TrainConfig(mnist=str(tiny_mnist)), "mnist")
    with pytest.raises(ValueError, match="source is 'letters'"):
        sources.at_hand(TrainConfig(), "letters")


def test_shuffling_keeps_the_images_and_the_test_as_they_are(tiny_mnist, tiny_arrays):
    plain, shuffled = load_tiny(tiny_mnist), load_tiny(tiny_mnist, shuffle_labels=True)
    np.testing.assert_array_equal(shuffled.train_images, plain.train_images)
    np.testing.assert_array_equal(shuffled.test_labels, tiny_arrays["y_test"])
    assert sorted(shuffled.train_labels) == sorted(plain.train_labels)
    assert shuffled.description == "MNIST with shuffled labels"
    assert (shuffled.train_labels == plain.train_labels).mean() < 0.3
    again = load_tiny(tiny_mnist, shuffle_labels=True)
    np.testing.assert_array_equal(again.train_labels, shuffled.train_labels)
