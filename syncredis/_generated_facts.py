BLOCKING = frozenset[str]()
READ_ONLY = frozenset({"GET"})
