"""The network as one picture, which moves under the pen.

`living.py` puts it on a page, `frames.py` says what the browser is sent; JavaScript draws it.
"""
