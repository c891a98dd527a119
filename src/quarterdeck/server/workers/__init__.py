"""Several processes behind one port: workers answer the data plane, the main process everything else.

A worker keeps its own copy of what requests need (keys, routes, prices, policies) and a spool of its own; counters, the
database's changes and the span store belong to the main process, which it reaches over sockets of the file system.
"""
