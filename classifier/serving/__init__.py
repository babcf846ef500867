"""Saved models: kept, asked, judged and looked into, by LiteRT.

May import `config`, `names`, `events`, `files`, `records`, `ink`, `synthetic` and `data`. Knows
nothing of training, and no TensorFlow.
"""
