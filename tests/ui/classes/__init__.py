"""Who is in the tests of a class's pages, and what they draw."""

import numpy as np
from streamlit.testing.v1 import AppTest

from classifier.people import classroom, entering
from classifier.people.classroom import Class
from classifier.people.collection import Labelled
from classifier.people.visitors import visitor_of
from classifier.rights import Visitor
from tests.app import new_page, run

HOST_TOKEN = "a" * 32
HOST, ONE = visitor_of(HOST_TOKEN), visitor_of("one")
LINE = [np.array([[40.0, 40.0], [200.0, 40.0], [120.0, 240.0]])]


def joined(code: str) -> AppTest:
    """The page of who opens a class's link."""
    page = new_page()
    page.query_params["class"] = code
    return run(page)


def visitor(page: AppTest) -> Visitor:
    """Whose page it is."""
    return visitor_of(page.session_state["session"].secret)


def class_of(page: AppTest) -> Class:
    """The class that the page's visitor opened last."""
    return classroom.hosted(visitor(page))[0]


def send_one(there: Class) -> int:
    """Have ONE join and send a 3 that is read as a 7; the drawing's number."""
    entering.join(ONE, there.code, "here")
    return classroom.send(ONE, there.number, Labelled("a", 3, LINE, 18, 7, "conv"))
