"""`streamlit run app.py`: the page for each visitor, and, for the server, how it is served."""

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

if get_script_run_ctx(suppress_warning=True):
    from classifier.ui import page

    page.draw()
else:
    from classifier.ui.board import moving
    from classifier.ui.door import LEAVING, MIDDLEWARE
    from classifier.ui.figures import note_error

    app = st.App(
        __file__,
        routes=moving.routes(),
        middleware=MIDDLEWARE,
        lifespan=LEAVING.lifespan,
        on_script_error=note_error,
    )
