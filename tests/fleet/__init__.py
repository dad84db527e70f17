"""Two processes of one app, each as if on a machine of its own, under a load that counts what it was told.

``python -m tests.fleet`` runs it on each engine, outside CI.
"""
