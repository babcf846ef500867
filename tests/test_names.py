"""Names of models: what is refused, and what the reader sees."""

import datetime

import pytest

from classifier import names

TODAY = datetime.date(2026, 11, 28)


@pytest.mark.parametrize("name", ["a", "7", "dense-mnist-1123", "my_model.v2", "x" * 64])
def test_plain_names_are_accepted(name):
    assert names.check_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../up",
        "a/b",
        "a\\b",
        "C:x",
        ".hidden",
        "-option",
        "_x",
        "ends.",
        "Upper",
        "with space",
        "ümlaut",
        "a\0b",
        "line\n",
        "nul",
        "con.txt",
        "com1",
        "x" * 65,
        None,
        5,
    ],
)
def test_name_unsafe_on_some_file_system_is_refused_by_name(name):
    with pytest.raises(ValueError) as refusal:
        names.check_name(name)
    assert repr(name) in str(refusal.value)
    assert "use 1 to 64 of a–z" in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "told", "title"),
    [
        ("dense-mnist-1128-0248", None, "dense, MNIST, 02:48"),
        ("conv-generated-1128-1602-2", None, "conv, generated digits, 16:02 (2)"),
        ("dense-mnist-1126-0248-2", None, "dense, MNIST, 26 Nov, 02:48 (2)"),
        ("dense-mnist-1128-0248", "Shuffled labels", "Shuffled labels, 02:48"),
        ("my-own", "Shuffled labels", "my-own"),
        ("dense-mnist-1128-0248-tuned", None, "dense-mnist-1128-0248-tuned"),
        ("shipped-deep", None, "shipped-deep"),
        ("dense-mnist-9999-9999", None, "dense-mnist-9999-9999"),
    ],
)
def test_a_name_that_was_made_is_written_for_the_reader(name, told, title):
    assert names.title(name, told, TODAY) == title


@pytest.mark.parametrize("network", ["dense", "deep"])
@pytest.mark.parametrize("source", ["mnist", "generated"])
def test_each_made_name_is_good_and_has_a_title(network, source):
    name = names.made(network, source, datetime.datetime(2026, 11, 28, 2, 48))
    assert names.check_name(name) == name
    assert names.title(name, None, TODAY).endswith(", 02:48")


@pytest.mark.parametrize("title", ["Overfit on 100 images", "Über, (Æ) 3.5", "x" * 64])
def test_plain_titles_are_accepted(title):
    assert names.check_title(title) == title


@pytest.mark.parametrize(
    "title", ["", "x" * 65, "a\nb", "<b>", "**bold**", "`x`", "[a](b)", " x", 5]
)
def test_a_title_that_is_no_plain_line_is_refused_by_name(title):
    with pytest.raises(ValueError, match="title is"):
        names.check_title(title)


@pytest.mark.parametrize("name", ["www.example", "my-www.example"])
def test_no_name_is_one_that_a_page_makes_a_link_of(name):
    with pytest.raises(ValueError, match="cannot name a model"):
        names.check_name(name)
