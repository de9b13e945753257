"""
The whole chain on one machine, without containers: the exporter, Prometheus, Alertmanager, and Grafana where there is one.
"""
