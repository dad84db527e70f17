"""A model of who is in: the specification in plain Python (:mod:`.model`), and a machine that compares the app with it.

``python -m tests.model --minutes 60 --store sqlite|postgres|redis --seed N`` runs it for long.
"""
