"""
The test as part of a trace: of the spans that the application makes, and of the requests that it sends.
"""
