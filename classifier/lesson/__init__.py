"""The lesson and its experiments, as data.

May import `config`. Knows nothing of the page that shows them.
"""
