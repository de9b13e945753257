"""
Response times of the endpoints of the project's own web application, by route and never by URL.
"""
