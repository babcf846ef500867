"""Training runs that are carried out elsewhere: started, followed, stopped.

May import `config`, `events`, `files`, `records`, `rights`, `limits`, `ink` and `database`. Knows
nothing of networks, nor of the page.
"""
