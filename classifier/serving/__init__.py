"""Saved models: kept, asked, judged and looked into, by LiteRT.

May import `config`, `ink`, `synthetic` and `data`. Knows nothing of training, and no TensorFlow.
"""
