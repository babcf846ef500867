"""What was drawn or photographed, as strokes or pictures, and its way to a network input.

May import `config` and `files`. Knows nothing of networks, of data to learn from, of people or of
the page.
"""
