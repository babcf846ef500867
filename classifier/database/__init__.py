"""The one store for what all share: each access is a transaction, in one SQLite file here or in a
PostgreSQL database that several page servers use.

May import `config`, `files` and `rights`, and is there for `people`, `serving` and `jobs`. Knows
its tables' versions, and not what is in them, nor who may do what with it.
"""
