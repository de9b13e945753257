"""
`make chaos`: faults on purpose, and a table of what they cost.
"""
