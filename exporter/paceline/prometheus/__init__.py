"""
All that asks a Prometheus: past runs, rules and alerts.
"""
