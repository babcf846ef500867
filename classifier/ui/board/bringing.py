"""Ways in besides the canvas: a picture file, the camera, the clipboard."""

from typing import Any

import streamlit as st
from streamlit.runtime.uploaded_file_manager import DeletedFile

from classifier import limits
from classifier.ink import decoding, pictures
from classifier.ink.preparing import Verdict
from classifier.ui import session, shared, view
from classifier.ui.reading.brought import Brought
from classifier.ui.session import Widget

_TYPES = [suffix.removeprefix(".") for suffix in pictures.SUFFIXES]
_LONGEST_NAME = 100  # characters that are shown of a file's name
_FILE, _CAMERA, _CLIPBOARD = "File", "Camera", "Clipboard"


def picture() -> None:
    """A button that opens the three ways; what comes is shown with what was read on it, and put on
    the canvas as the network sees it."""
    here = session.current()
    number = here.pictures  # a picture that was taken leaves all of it closed and empty
    key = f"picture-{number}"
    here.toggles.add(key)
    popover = st.popover("Picture", icon=":material/photo_camera:", key=key, on_change="rerun")
    if not popover.open:
        return
    with popover:
        way = st.segmented_control(
            "A digit or a number on paper, from", [_FILE, _CAMERA, _CLIPBOARD], default=_FILE,
            required=True, key=f"picture-way-{number}",
        )  # fmt: skip
        source = f"picture-{way}-{number}"
        chosen: dict[str, Any] = {"key": source, "args": (source,)}
        if way == _FILE:
            st.file_uploader(
                "A photo or scan",
                _TYPES,
                label_visibility="collapsed",
                max_upload_size=20,
                on_change=_take,
                **chosen,
            )
        elif way == _CAMERA:
            st.camera_input("The camera", label_visibility="collapsed", on_change=_take, **chosen)
        else:
            st.chat_input(
                "Paste it here",
                accept_file=True,
                file_type=_TYPES,
                max_upload_size=20,
                on_submit=_take,
                **chosen,
            )
        if way != _CAMERA:
            st.caption(f"{decoding.KINDS}. A phone's HEIC photo has to be exported as JPEG.")
        if here.picture_problem:
            view.warning(here.picture_problem)


def _take(source: str) -> None:
    """Put the picture that was brought on the canvas, or say why that cannot be."""
    here = session.current()
    here.picture_problem = ""
    brought = Widget[Any](source).read(None)
    files = getattr(brought, "files", [brought])
    if not files or files[0] is None:
        if brought is not None:
            here.picture_problem = "There was no picture in it: copy one, and paste it here."
        return
    if isinstance(files[0], DeletedFile):
        return  # it was taken, in a run that another has overtaken
    most = limits.current().pictures_a_minute
    name = files[0].name[:_LONGEST_NAME].encode("utf-8", "replace").decode()
    try:
        if not shared.brought().take(session.visitor().digest, most):
            here.picture_problem = f"At most {most} pictures a minute: wait a moment."
            return
        pixels = pictures.read_picture(files[0].getvalue(), name, session.visitor().digest)
    except pictures.UnreadablePictureError as error:
        here.picture_problem = str(error)
        return
    finally:
        session.let_go(files[0])
    brought = Brought(pixels, name, here.pictures + 1)
    if brought.prepared.verdict is Verdict.BLANK:
        here.picture_problem = (
            f"No ink was found in {name}: take it in even light, with some paper around the digit."
        )
        return
    here.pictures += 1
    here.brought = brought
