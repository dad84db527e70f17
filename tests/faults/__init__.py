"""Faults: what a page acknowledged holds, whatever becomes of the worker, the database, its disk, its connection, Redis
or the clock in the middle of it; and whatever was not acknowledged has happened or has not.

``python -m tests.faults --operations 2000`` interrupts so many, over all stores, outside CI.
"""
