"""Images and labels to learn from, whatever their source.

May import `config`, `ink` and `synthetic`. Knows nothing of networks.
"""
