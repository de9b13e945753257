"""
What judgement finds of a case or a run: one kind of verdict a module.
"""
