"""
The whole chain on one machine, without containers: the exporter, Prometheus, Alertmanager, and Grafana if there is one.
"""
