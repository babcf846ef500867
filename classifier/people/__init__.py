"""Whoever draws: the drawings that they labelled, their classes, and the file that keeps both.

May import `config`, `files`, `rights`, `limits` and `ink`. Knows nothing of networks, nor of the
page.
"""
