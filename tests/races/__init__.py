"""Two things at once: what a user does in one request meets what they do in another, at each point of it, on purpose.

``python -m tests.races --all`` tries every pair in both orders on every store; ``--rounds 200 --workers 2`` lets two
workers race without being stopped anywhere. :mod:`.table` says what must come of each pair.
"""
