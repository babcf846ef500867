"""Training runs that are carried out elsewhere: started, followed, stopped.

May import `config`, `events`, `files`, `records`, `rights`, `limits` and `ink`. Knows nothing of
networks, nor of the page.
"""
