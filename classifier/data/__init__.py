"""Images and labels to learn from, whatever their source.

May import `config`, `files`, `ink` and `synthetic`. Knows nothing of networks.
"""
