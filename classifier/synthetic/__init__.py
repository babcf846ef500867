"""Digits, other drawings and pages that nobody drew, and small random changes of images.

May import `config` and `ink`. Knows nothing of what learns from them.
"""
