"""What a visitor's session knows of their runs and models."""

import json
import shutil
from pathlib import Path

from streamlit.testing.v1 import AppTest

from classifier.config import TrainConfig
from classifier.events import Failed, Finished
from classifier.jobs.run import Run
from classifier.serving import store
from classifier.ui import session
from classifier.ui.session import Session
from tests.jobs.test_run import Told

SHIPPED = ("shipped-deep", "shipped-dense", "shipped-detector", "shipped-pairs")


def test_a_session_trains_from_following_a_run_to_its_end():
    session = Session(error="a batch too large")
    assert not session.training
    session.follow(Run("some-run", Told()), own=True)
    assert session.training
    assert session.error == ""
    session.run.add(Failed(error="killed"))
    assert not session.training


def with_owner(home: Path, name: str, owner: str) -> None:
    """A saved model of that name, which is its id, too, and owner."""
    folder = home / "models" / name
    shutil.copytree(store.get("shipped-dense").folder, folder)
    meta = json.loads((folder / "meta.json").read_text())
    (folder / "meta.json").write_text(json.dumps(meta | {"name": name, "id": name, "owner": owner}))


def finished(model: str, model_id: str) -> Finished:
    return Finished(
        model=model,
        id=model_id,
        test_accuracy=0.9,
        train_accuracy=1.0,
        gap=0.1,
        seconds=1.0,
        stages={},
        confusion=[],
        data="MNIST",
        train_images=10,
        test_images=10,
    )


def test_ones_own_are_the_models_that_ones_runs_made_wherever_one_looks(home, monkeypatch):
    monkeypatch.setattr(session, "_secret", lambda: session.current().secret)  # no cookies here

    def page() -> None:
        import streamlit as st

        from classifier.serving import store
        from classifier.ui import session

        st.text(session.visitor().digest)
        for model in store.list_models()[0]:
            st.text(f"{model.name} {session.owns(model)}")

    first, other = (AppTest.from_function(page) for _ in range(2))
    for visitor, secret in ((first, "a" * 32), (other, "b" * 32)):
        visitor.session_state["session"] = Session(secret=secret)
        visitor.run()
    digest = first.text[0].value
    assert digest != other.text[0].value
    with_owner(home, "mine", digest)
    with_owner(home, "nobodys", "")
    assert {text.value for text in first.run().text[1:]} == {
        "mine True", "nobodys False", *(f"{name} False" for name in SHIPPED)
    }  # fmt: skip
    assert not any("True" in text.value for text in other.run().text)
    other.session_state["session"].operator = True
    assert {"mine True", "nobodys True"} < {text.value for text in other.run().text}
    assert "shipped-deep False" in {text.value for text in other.text}


def test_a_run_knows_its_model_by_the_new_name(home):
    with_owner(home, "renamed", "a")
    session = Session()
    session.follow(Run("1", Told()), own=True)
    session.run.add(finished("mine", "renamed"))
    session.found(session.run.result)  # as a page does that was loaded anew since
    assert session.runs["1"].result.model == "renamed"


def test_another_visitors_run_is_followed_and_not_ones_own():
    session = Session()
    session.follow(Run("1", Told(), "another"), own=False)
    assert session.training
    assert session.runs == {}


def test_settings_that_are_put_into_the_form_again_begin_it_anew():
    session = Session()
    for number in (1, 2):
        session.put_into_form(TrainConfig(), "the article")
        assert session.preset.number == number
    assert session.preset.config == TrainConfig()


def test_a_widget_is_read_set_and_forgotten():
    def page() -> None:
        import streamlit as st

        from classifier.ui.session import Widget

        field = Widget[int]("field")
        if st.button("forget"):
            field.forget()
        if st.button("set"):
            field.set(5)
        st.number_input("Field", 0, 9, field.read(3), key=field.key)
        st.text(field.read(-1))
        st.text(Widget[int]("another").read(-1))

    app = AppTest.from_function(page).run()
    assert [text.value for text in app.text] == ["3", "-1"]
    app.number_input[0].set_value(7).run()
    assert app.text[0].value == "7", "what the visitor says is not begun anew"
    app.button[1].click().run()
    assert (app.text[0].value, app.number_input[0].value) == ("5", 5)
    app.button[0].click().run()
    assert app.text[0].value == "3"


def test_what_a_widget_says_is_its_default_in_every_run_until_it_is_gone():
    def page() -> None:
        import streamlit as st

        from classifier.ui.session import Widget

        field = Widget[int]("field")
        if st.button("set"):
            field.set(5)
        if not st.checkbox("away"):
            st.number_input("Field", 0, 9, field.read(3), key=field.key)

    def field() -> tuple[int, int]:
        return app.number_input[0].value, app.number_input[0].proto.default

    app = AppTest.from_function(page).run()
    app.number_input[0].set_value(7).run()
    assert field() == (7, 7)
    app.button[0].click().run()
    assert field() == (5, 5)
    assert not app.number_input[0].proto.set_value
    app.run()
    assert field() == (5, 5), "a browser that missed the run before hears of it"
    app.checkbox[0].check().run()
    app.checkbox[0].uncheck().run()
    assert field() == (3, 3)
    app.checkbox[0].check().run()
    app.button[0].click().run()
    app.checkbox[0].uncheck().run()
    assert field() == (5, 5), "set while it was not drawn"


def test_what_a_widget_says_is_among_what_there_is():
    def page() -> None:
        import streamlit as st

        from classifier.ui.session import Widget

        field = Widget[str]("field")
        options = ["a", "b"] if st.checkbox("another") else ["b", "c"]
        says = field.among(options, options[0])
        st.text(st.selectbox("Field", options, options.index(says), key=field.key))

    app = AppTest.from_function(page).run()
    app.selectbox[0].set_value("c").run()
    assert app.text[0].value == "c"
    app.checkbox[0].check().run()
    assert (app.text[0].value, app.selectbox[0].proto.default) == ("a", 0)
    app.selectbox[0].set_value("b").run()
    app.checkbox[0].uncheck().run()
    assert (app.text[0].value, app.selectbox[0].proto.default) == ("b", 0)
