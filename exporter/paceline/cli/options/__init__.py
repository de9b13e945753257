"""
Options and arguments that verbs of the command share.
"""
