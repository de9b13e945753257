"""
The dashboards, and how they come into a Grafana.
"""
