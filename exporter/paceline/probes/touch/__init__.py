"""
What a test touches outside its own code: databases, caches, the network.

Libraries are watched by hooks in their own functions, put there once a process and taken off at its end. A library is
never imported for that: a hook waits until somebody imports it.
"""
