"""Telling users what has happened to their account: after the commit, in a thread of its own, in their language."""
