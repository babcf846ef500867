"""Whoever draws: the drawings that they labelled, and their classes.

May import `config`, `rights`, `limits`, `ink` and `database`. Knows nothing of networks, nor of the
page.
"""
