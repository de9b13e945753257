"""
The companion: a process beside the tests that looks at their process tree and the machine, so that a process that
runs tests needs no thread, no socket and no HTTP for it.

`launch` starts the companion from the process that reports. `session_side` and `folder` are what that process holds
of it, `order` is what it asks for, and `boundaries` is what each process that runs tests sends. All other modules run
in the companion. Where nothing live is asked for, those import nothing but psutil and the standard library, and no
`typing`: each import is paid for in every session.
"""
