"""The least that a page with a canvas can do: say what was drawn. The floor for `page.py`."""

import streamlit as st
from streamlit_drawable_canvas import st_canvas


@st.fragment
def echo() -> None:
    """A canvas, and the count of its strokes."""
    result = st_canvas(
        stroke_width=18,
        stroke_color="#ffffff",
        background_color="#000000",
        width=280,
        height=280,
        key="canvas",
    )
    count = len(result.json_data["objects"]) if result.json_data else 0
    with st.container(key="prediction"):
        st.markdown(f"strokes: {count}")


echo()
