"""Labels below the canvas: what is kept, replaced and taken back; the tab that shows it."""

import time

import pytest
from streamlit.testing.v1 import AppTest

from classifier.config import TrainConfig
from classifier.ink import drawings
from classifier.jobs.local import JobError, LocalJobs
from classifier.jobs.run import Run
from classifier.people import classroom, collection, entering
from classifier.people.visitors import visitor_of
from classifier.rights import Visitor
from classifier.synthetic import handwriting
from classifier.ui import gallery, view
from classifier.ui.board import labelling
from classifier.ui.tabs import handwriting as handwriting_tab
from classifier.ui.tabs import judging
from tests.app import answering, board, draw, new_page, press, run, words
from tests.people import fill
from tests.ui.tabs.pages import edited, saved


@pytest.fixture
def page(home) -> AppTest:
    return run(new_page())


def keep(page: AppTest, digit: int) -> None:
    press(page, f"sample-{digit}")
    press(page, f"label-{digit}")


def kept(page: AppTest) -> list[collection.Kept]:
    return collection.drawings_of(visitor_of(page.session_state["session"].secret))


def open_tab(page: AppTest) -> None:
    page.session_state[view.OPEN_TAB.name] = view.HANDWRITING
    run(page)


def test_nothing_is_kept_before_somebody_says_what_it_is(page):
    press(page, "sample-7")
    assert kept(page) == []
    press(page, "label-7")
    (one,) = kept(page)
    assert (one.label, one.answer, one.model) == (7, 7, "shipped-deep")
    assert "Kept as a 7" in words(page)


def test_another_label_for_the_same_drawing_replaces_the_first(page):
    press(page, "sample-7")
    press(page, "label-1")
    press(page, "label-7")
    assert [one.label for one in kept(page)] == [7]


def test_another_drawing_is_another(page):
    keep(page, 7)
    keep(page, 7)
    assert len(kept(page)) == 2


def test_it_is_taken_back(page):
    keep(page, 4)
    press(page, "take-back")
    assert kept(page) == []
    assert "Kept" not in words(page)


def test_an_empty_canvas_is_told(page):
    press(page, "label-3")
    assert "nothing drawn yet" in words(page)
    assert kept(page) == []


def test_a_number_is_read_and_not_kept_as_one_digit(page):
    strokes = [s * 80 + (20, 90) for s in handwriting.sample_digit(4)]
    strokes += [s * 80 + (150, 90) for s in handwriting.sample_digit(0)]
    draw(page, strokes, 12)
    assert "It is 40" in words(page)
    press(page, "label-4")
    assert "draw one digit alone" in words(page)
    assert kept(page) == []


def test_a_guided_round_asks_for_each_digit_and_keeps_it(page, monkeypatch):
    monkeypatch.setattr(labelling, "ROUND", [0, 1])
    open_tab(page)
    press(page, "round-start")
    assert "Write a 0" in words(page)
    press(page, "round-next")
    assert "nothing drawn" in words(page)
    press(page, "sample-0")
    press(page, "round-next")
    assert "Write a 1" in words(page)
    press(page, "sample-1")
    press(page, "round-next")
    assert [one.label for one in kept(page)] == [0, 1]
    assert board(page)["row"]["labels"]


def test_the_tab_shows_what_was_kept_and_deletes_it(page):
    for digit in (3, 3, 5):
        keep(page, digit)
    open_tab(page)
    assert "**shipped-deep** reads **100.0%** of them" in words(page)
    first = kept(page)[0]
    press(page, f"kept-picture-{first.number}")
    press(page, "delete-drawing")
    assert [one.label for one in kept(page)] == [3, 5]


def test_a_digit_without_drawings_has_a_dash_in_the_table(page):
    keep(page, 3)
    open_tab(page)
    table = next(one for one in page.dataframe if "right" in one.value)
    assert table.value["right"].notna().tolist() == [digit == 3 for digit in range(10)]
    assert table.value["drawings"].tolist() == [int(digit == 3) for digit in range(10)]
    assert table.proto.placeholder == "–"


def test_fine_tuning_takes_the_drawings_along(page, monkeypatch):
    asked: list = []

    def submit(
        jobs: LocalJobs,
        config: TrainConfig,
        drawn: drawings.Drawings | None,
        by: Visitor,
        *,
        host: bool,
    ) -> Run:
        asked.append((config, drawn))
        raise JobError("Not now.")

    monkeypatch.setattr(LocalJobs, "submit", submit)
    for digit in range(5):
        keep(page, digit)
    open_tab(page)
    press(page, "fine-tune")
    ((config, drawn),) = asked
    assert (config.base, config.network, config.drawings_share) == ("shipped-deep", "deep", 0.1)
    assert config.styles == 0
    assert "10% are these drawings, each time a little different, and 90% MNIST" in words(page)
    assert drawn.labels.tolist() == list(range(5))


def test_what_learned_from_drawings_alone_is_not_gone_on_from(page, home):
    saved(home, "alone")
    edited(home, "alone", "config", {"drawings_alone": True})
    for digit in range(5):
        keep(page, digit)
    open_tab(page)
    answering(page).set_value("alone").run()
    assert "has learned from drawings alone: let another model answer" in words(page)
    assert not [one for one in page.button if one.key == "fine-tune"]


def test_few_drawings_are_told(page):
    keep(page, 5)
    open_tab(page)
    assert "From 5 drawings on" in words(page)


# Many drawings


def fill_class(page: AppTest, count: int) -> None:
    """Make the page's visitor host of a class with so many drawings, each a 7 by its look and every
    tenth by its label."""
    host = visitor_of(page.session_state["session"].secret)
    there = classroom.open_class(host, "shipped-deep")
    keep(page, 7)
    fill(None, there.number, count)


def test_a_class_with_thousands_of_drawings_is_shown_without_waiting(page):
    fill_class(page, 6_000)
    open_tab(page)
    assert "6,000" in words(page)
    times = []
    for _ in range(3):
        begun = time.perf_counter()
        run(page)
        times.append(time.perf_counter() - begun)
    assert min(times) < 1.5  # 0.15 s where nothing else runs; 13 s if all were prepared
    assert len([one for one in page.button if (one.key or "").startswith("kept-")]) == 24


def test_a_wall_on_which_drawings_arrive_for_hours_has_so_many_keys(page, monkeypatch):
    monkeypatch.setattr(gallery, "PLACES", 50)
    fill_class(page, 60)
    open_tab(page)
    keys = [one.key for one in page.button if (one.key or "").startswith("wall-")]
    assert len(set(keys)) == 24
    host = visitor_of(page.session_state["session"].secret)
    (there,) = classroom.hosted(host)
    for one in classroom.drawings(host, there.number)[-8:]:
        collection.hide(host, one.number, True)
    run(page)
    later = [one.key for one in page.button if (one.key or "").startswith("wall-")]
    assert len(set(keys) & set(later)) == 16, "each drawing keeps its key"
    assert {int(key.rpartition("-")[2]) for key in keys + later} <= set(range(50))


def test_a_gallery_prepares_each_drawing_once_and_remembers_so_many(page, monkeypatch):
    monkeypatch.setattr(gallery, "_REMEMBERED", 40)
    monkeypatch.setattr(gallery, "_inputs", {})
    seen: list[int] = []
    read = gallery.prepared

    def noting(one):
        seen.append(one.number)
        return read(one)

    monkeypatch.setattr(gallery, "prepared", noting)
    fill_class(page, 60)
    host = visitor_of(page.session_state["session"].secret)
    drawn = classroom.drawings(host, classroom.hosted(host)[0].number)
    for one in drawn[:40] * 2:
        gallery.network_input(one)
    assert len(seen) == 40
    gallery.network_input(drawn[40])
    gallery.network_input(drawn[1])
    gallery.network_input(drawn[0])
    assert seen[40:] == [drawn[40].number, drawn[0].number]
    assert len(gallery._inputs) == 40


def test_all_drawings_are_read_a_few_at_a_time_and_each_once(page, monkeypatch):
    fill_class(page, 600)
    prepared: list[int] = []
    read = gallery.prepared

    def noting(one):
        prepared.append(one.number)
        return read(one)

    monkeypatch.setattr(judging.gallery, "prepared", noting)
    monkeypatch.setattr(gallery, "network_input", read)  # of those that are seen
    monkeypatch.setattr(judging, "_PORTION", 100)
    open_tab(page)
    assert "drawings are still to be read" in words(page)
    for _ in range(8):
        before = len(prepared)
        run(page)
        assert len(prepared) - before <= 200
    assert "still to be read" not in words(page)
    assert len(prepared) == len(set(prepared)) == 600
    assert "60 of 600" in words(page)
    run(page)
    assert len(prepared) == 600


def test_pages_of_drawings_are_turned(page, monkeypatch):
    monkeypatch.setattr(gallery, "PLACES", 100_000)  # so that a key tells the drawing's number
    fill_class(page, 6_000)
    open_tab(page)

    def shown() -> list[int]:
        keys = [one.key for one in page.button if (one.key or "").startswith("kept-")]
        return [int(key.rpartition("-")[2]) for key in keys]

    first = shown()
    page.number_input(key="handwriting-page").set_value(25).run()
    assert len(shown()) == 24
    assert max(shown()) < min(first)
    assert first == sorted(first, reverse=True)


def handed_out(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """What the tab lets one download, by the files' names."""
    files: dict = {}

    def button(*_: object, data: object, file_name: str, **__: object) -> None:
        files[file_name] = data

    with monkeypatch.context() as patch:
        patch.setattr(view.st, "download_button", button)
        open_tab(page)
    return {name: make() for name, make in files.items() if name.startswith("our-")}


def test_the_drawings_can_be_downloaded_as_a_file_a_sheet_and_a_table(page, tmp_path, monkeypatch):
    open_tab(page)
    assert page.get("popover")
    for digit in (3, 5):
        keep(page, digit)
    files = handed_out(page, monkeypatch)
    assert files.keys() == {"our-handwriting.npz", "our-digits.png", "our-answers.csv"}
    (tmp_path / "mine.npz").write_bytes(files["our-handwriting.npz"])
    assert drawings.load(tmp_path / "mine.npz").labels.tolist() == [3, 5]
    assert files["our-digits.png"].startswith(b"\x89PNG")
    assert [
        line.split(",")[2:5] for line in files["our-answers.csv"].decode().splitlines()[1:]
    ] == [
        ["3", "3", "yes"],
        ["5", "5", "yes"],
    ]


def test_a_class_can_be_downloaded_so_by_its_host_alone(home):
    there = classroom.open_class(visitor_of("host"), "shipped-deep")
    member = visitor_of("member")
    entering.join(member, there.code, "here")
    (line,) = handwriting.sample_digit(1)[:1]
    drawn = collection.Labelled("a", 1, [line * 200 + 40], 18, 7, "shipped-deep")
    classroom.send(member, there.number, drawn)
    for make in (handwriting_tab._as_file, handwriting_tab._as_sheet, handwriting_tab._as_answers):
        assert make(visitor_of("host"), there.number)
        with pytest.raises(labelling.PROBLEMS):
            make(member, there.number)
