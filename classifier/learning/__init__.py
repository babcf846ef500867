"""Networks and how they are trained: the only folder that may import TensorFlow or Keras, and only
when training begins.

May import `config`, `standards`, `events`, `ink`, `data` and `serving`. Knows nothing of who
listens.
"""
