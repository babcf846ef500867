"""Words and numbers beside the charts."""

import numpy as np
import pytest

from classifier.ui import charts


@pytest.mark.parametrize(
    ("probability", "words"),
    [(0.5, "50.0 %"), (0.982, "98.2 %"), (0.9996, "over 99.9 %"), (1.0, "over 99.9 %")],
)
def test_a_percentage_is_never_rounded_to_certainty(probability, words):
    assert charts.percent(probability) == words


def test_the_ten_values_are_told_in_order():
    row = np.zeros(10)
    row[3], row[8] = 0.9, 0.1
    words = charts.in_words(row)
    assert [part.split(":")[0] for part in words.split(", ")] == [str(d) for d in range(10)]
    assert "3: 90.0%" in words


def test_without_probabilities_no_number_is_invented():
    assert not any(letter.isdigit() for letter in charts.in_words(None))
