"""The file of templates: what comes with the program, and what is refused, by its place."""

import re
from pathlib import Path

import pytest

from classifier.config import CLASSES
from classifier.synthetic import templates

OTHERS = "\n".join(f'{kind} = ["0,0 50,50"]' for kind in ("letters", "symbols", "shapes"))


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def digit(digit: object, **changes: object) -> str:
    """A digit's one variant, in TOML; None leaves a key out."""
    entry = {"name": "plain", "weight": 1, "strokes": "0,0 50,50! 0,100 / 10,10 20,20"} | changes
    lines = [f"{key} = {value!r}" for key, value in entry.items() if value is not None]
    return "\n".join([f"[[digits.{digit}]]", *lines])


ALL = [digit(number) for number in range(CLASSES)]


def test_the_programs_own_has_many_variants_of_each_digit():
    own = templates.load()
    assert list(own.digits) == list(range(CLASSES))
    assert min(map(len, own.digits.values())) >= 6
    assert len(own.variants) >= 60
    assert own is templates.load(), "it is read once"


def test_a_file_is_read_in_its_order(tmp_path):
    text = "\n".join([OTHERS, digit(0, name="other", found="Spain", weight=0.5), *ALL])
    read = templates.read(written(tmp_path, text))
    assert [v.name for v in read.digits[0]] == ["other", "plain"]
    assert (read.variants[0].found, read.variants[1].found) == ("Spain", "")
    assert (read.variants[0].weight, read.variants[0].digit) == (0.5, 0)
    assert read.letters == ("0,0 50,50",)
    assert len(read.variants) == CLASSES + 1
    assert read.find(0, "plain") == read.variants[1]
    assert read.find(1, "plain") == read.variants[2]


@pytest.mark.parametrize(("asked", "words"), [
    ((7, "croosed"), "no variant “croosed” of 7: those of 7 are “plain”, "),
    ((10, "plain"), "no variant “plain” of 10: digits are 0 to 9"),
])  # fmt: skip
def test_unknown_variants_are_refused_with_those_there_are(asked, words):
    with pytest.raises(ValueError, match=words):
        templates.load().find(*asked)


@pytest.mark.parametrize(("entry", "words"), [
    (digit(10), "it has variants of “10”, which is no digit from 0 to 9"),
    (digit("seven"), "it has variants of “seven”, which is no digit"),
    (digit(7, name="plain"), "digit 7 has 2 variants with the name “plain”"),
    (digit(7, name=" "), "the name of variant 2 of digit 7 must be some words, not ' '"),
    (digit(7, name=7), "the name of variant 2 of digit 7 must be some words, not 7"),
    (digit(7, name=None), "variant 2 of digit 7 has no name"),
    (digit(7, name="a", wieght=3), "variant 2 of digit 7 has “wieght”, which is unknown"),
    (digit(7, name="a", found=3), "digit 7, “a”: found must be words, not 3"),
    (digit(7, name="a", strokes=3), "digit 7, “a”: strokes must be text, not 3"),
    (digit(7, name="a", strokes=""), "digit 7, “a”: stroke 1 has 0 points, and needs two"),
    (digit(7, name="a", strokes="0,0 1,1 / / 2,2 3,3"), "“a”: stroke 2 has 0 points"),
    (digit(7, name="a", strokes="0,0 1,1 / 5,5"), "“a”: stroke 2 has 1 points"),
    (digit(7, name="a", strokes="0,0 1;1"), "“a”: stroke 1: “1;1” is no point like 12,34"),
    (digit(7, name="a", strokes="0,0 1,nan"), "“a”: stroke 1: “1,nan” is no point"),
    (digit(7, name="a", strokes="0,0 9,9! 9,9"), "stroke 1 has the point 9,9 twice in a row"),
    (digit(7, name="a", strokes="0,0 9,9! 09,9"), "stroke 1 has the point 9,9 twice in a row"),
    (digit(7, name="a", strokes="0,0 -0,00"), "stroke 1 has the point 0,0 twice in a row"),
    (digit(7, name="a", strokes="0,0 9,9 " * 51), "stroke 1 has 102 points, and may have 100"),
    (digit(7, name="a", strokes=" / ".join(["0,0 9,9"] * 21)), "it has 21 strokes, and may have"),
    (digit(7, name="a", strokes="1,1 " + "1" * 2_000), "is no point like 12,34"),
    (digit(7, name="a" * 81), "must be some words, not 'aaaaaaaaaa"),
    (digit(7, name="plain "), "must be some words, not 'plain '"),
    (digit(7, name="a").replace("'a'", '"a\\u200b"'), "must be some words, not 'a\\u200b'"),
    *((digit(7, name="a", weight=weight), "digit 7, “a”: weight must be a number above 0")
      for weight in (0, -1, "2")),
    ("[[digits.7]]\nname = 'a'\nweight = inf\nstrokes = '0,0 1,1'", "a number above 0, not inf"),
    ("[[digits.7]]\nname = 'a'\nweight = 1e308\nstrokes = '0,0 1,1'", "and at most 1000"),
    ("[[digits.7]]\nname = 'a'\nweight = 1\nstrokes = '0,0 999,1'", "999,1 lies beyond -50 to 150"),
    ("[[digits.7]]\nname = 'a'\nweight = true\nstrokes = '0,0 1,1'", "above 0, not True"),
    ("[more]", "it has “more”, which is unknown"),
    ("[[digits.7", "Expected"),
])  # fmt: skip
def test_a_damaged_file_is_refused_by_the_place(tmp_path, entry, words):
    text = "\n".join([OTHERS, *ALL, entry])
    with pytest.raises(ValueError, match="mine.toml is not a file of templates: .*"
                       + re.escape(words)):  # fmt: skip
        templates.read(written(tmp_path, text))


def test_a_file_that_is_larger_than_any_is_refused_unread(tmp_path):
    path = written(tmp_path, "\n".join([OTHERS, *ALL]) + "\n#" + "x" * 1_000_000)
    with pytest.raises(ValueError, match="it has more than 1,000,000 bytes"):
        templates.read(path)


@pytest.mark.parametrize(("text", "words"), [
    ("\n".join(ALL), "it has no letters"),
    (OTHERS, "it has no digits"),
    ("\n".join([OTHERS, *ALL[1:]]), "it has no variants of digit 0"),
    ("\n".join([OTHERS, "digits = 3"]), "digits must be tables"),
    ("\n".join([OTHERS, "[digits]", "0 = 3"]), "it has no variants of digit 0"),
    ("\n".join([OTHERS, "[digits]", "0 = [3]"]), "variant 1 of digit 0 must be a table"),
    ("\n".join([OTHERS.replace('["0,0 50,50"]', '["0,0"]', 1), *ALL]), "letters, 1: stroke 1 has"),
    ("\n".join([OTHERS.replace('["0,0 50,50"]', "[]", 1), *ALL]), "letters must be a list"),
])  # fmt: skip
def test_a_file_that_lacks_something_is_refused(tmp_path, text, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        templates.read(written(tmp_path, text))
