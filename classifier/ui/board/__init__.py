"""The board under the pen: the canvas, what it is read as, and all that is pressed beside it.

The browser owns the drawing (`strokes.js`, `board.js`); the server's `sketch` is what it last said.
May import whatever the page may; only this folder knows how a drawing travels.
"""
