"""
Rules and alerts for Prometheus, and what Alertmanager makes of them.
"""
