"""A class's wall: what the projector shows while its host keeps the page.

`tiles.js` knows where drawings lie, `painter.js` paints them, `wall.js` is the wall in the browser;
`told.py` knows what that browser has.
"""
