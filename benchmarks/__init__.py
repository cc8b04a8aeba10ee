"""Benchmarks: syncredis beside its peers and beside bare sockets. `python -m benchmarks --help` says what there is."""
