"""
What is known of each test before it runs, and of what was collected.
"""
