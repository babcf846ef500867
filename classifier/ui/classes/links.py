"""How others find a class: the page's address in the local network, a QR code of it, its code."""

from __future__ import annotations

import socket
from typing import Literal
from urllib.parse import urlsplit

import cv2
import numpy as np
import streamlit as st

CODE_PARAMETER = "class"  # in the address of the page that joins one
_QUIET_ZONE = 2  # modules of paper around a QR code, besides the two that OpenCV leaves
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def page_address() -> str:
    """The address of this page, as the browser knows it, or, where that has a name which only this
    machine understands, with the machine's own in the local network."""
    found = urlsplit(st.context.url or "http://localhost:8501")
    if found.hostname not in _LOOPBACK or only_here():
        return f"{found.scheme}://{found.netloc}{found.path}"
    port = f":{found.port}" if found.port else ""
    return f"{found.scheme}://{lan_address() or found.hostname}{port}{found.path}"


def code_form(label: str, kind: Literal["primary", "secondary"]) -> None:
    """A field for a class's code, and a button of that kind that opens the page which joins it."""
    with st.form("join", border=False):
        code = st.text_input(label)
        if st.form_submit_button("Join", type=kind) and code.strip():
            st.query_params.from_dict({CODE_PARAMETER: code.strip()})
            st.rerun()


def only_here() -> bool:
    """Whether the server was told to listen to this machine alone."""
    return st.get_option("server.address") in _LOOPBACK


def lan_address() -> str | None:
    """This machine's IPv4 address in the local network, or None if it has none. Nothing is sent."""
    candidates = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            asked.connect(("192.0.2.1", 9))  # of a block that belongs to nobody (RFC 5737)
            candidates.append(asked.getsockname()[0])
        except OSError:  # a network with no way out
            pass
    try:
        found = socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)
        candidates += [item[4][0] for item in found]
    except OSError:
        pass
    return next((one for one in candidates if not one.startswith("127.")), None)


@st.cache_data(max_entries=20, show_spinner=False)
def qr_code(text: str) -> np.ndarray:
    """A QR code of a text, (side, side) uint8, 8 pixels for each module, with its quiet zone."""
    modules = cv2.QRCodeEncoder.create().encode(text)
    return np.pad(modules, _QUIET_ZONE, constant_values=255).repeat(8, axis=0).repeat(8, axis=1)
