"""Links to the form and to a model: what they open, and what is said of what cannot be had."""

import re
from urllib.parse import parse_qsl

import pytest

from classifier.config import TrainConfig
from tests.app import answering, words
from tests.ui.tabs.pages import alive, opened, submitted


def link(page) -> dict[str, str]:
    """The one that the form offers, as parameters."""
    found = next(m.value for m in page.sidebar.markdown if "Link to this form" in m.value)
    return dict(parse_qsl(re.search(r"\(\?([^)]*)\)", found)[1], strict_parsing=True))


def test_whoever_opens_the_link_to_a_form_sees_the_same_form(home, monkeypatch):
    configs = submitted(monkeypatch)
    page = opened()
    page.segmented_control(key="network").set_value("conv").run()
    page.number_input(key="seed-0").set_value(7).run()
    page.selectbox(key="data-0").set_value("generated").run()
    page.toggle(key="augment-conv").set_value(True).run()
    other = opened(**link(page))
    assert "Set as in the link." in words(other)
    assert link(other) == link(page)
    assert not other.warning
    for one in (page, other):
        one.button(key="train").click().run()
    assert configs == [TrainConfig.of("conv", seed=7, data="generated", augment=True)] * 2


def test_what_a_link_cannot_have_is_told_and_the_page_goes_on_with_the_rest(home):
    page = opened(network="dense", epochs="5000", seed="3", momentum="<b>", tab="lesson")
    (told,) = page.warning
    assert told.value == (
        "Epochs: it must be a whole number from 1 to 1000. "
        "This version does not know 1 setting of the link."
    )
    assert page.number_input(key="seed-1").value == 3
    assert page.number_input(key="epochs-dense-1").value == 5
    alive(page)
    page.button(key="standard").click().run()
    assert not page.warning


@pytest.mark.parametrize("named", [{"embed": "true"}, {"utm_source": "x"}, {"tab": "runs"}])
def test_an_address_without_settings_leaves_the_form_alone(named, home):
    page = opened(**named)
    assert "Set as in" not in words(page)
    assert not page.warning


def test_an_experiment_in_the_same_link_goes_first(home):
    page = opened(network="conv", epochs="3", lesson="layers", attempt="tiny")
    assert "Set as in the lesson’s “A tiny network”." in words(page)


def test_a_link_to_a_model_that_is_gone_says_so(home):
    page = opened(model="gone-<b>")
    assert answering(page).value == "shipped-deep"
    (told,) = page.warning
    assert told.value == "The model that the link names is not here any more."
    page.run()
    assert page.warning
    answering(page).set_value("shipped-dense").run()
    assert not page.warning
    assert answering(opened(model="dense")).value == "shipped-dense", "by its former name, too"
