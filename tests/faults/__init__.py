"""What a page has acknowledged holds, whatever happens to the worker, the database, its disk, its connections, Redis or
the clock during the request; what it has not acknowledged was done or was not.

``python -m tests.faults --operations 2000`` interrupts so many requests, over all stores, outside CI.
"""
