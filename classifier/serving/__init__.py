"""Saved models: stored, asked, judged and looked into, by LiteRT.

May import `config`, `names`, `events`, `files`, `records`, `rights`, `limits`, `ink`, `synthetic`,
`data` and `database`. Knows nothing of training, and no TensorFlow.
"""
