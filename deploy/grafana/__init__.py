"""Dashboards for Grafana 11 and later: `python -m deploy.grafana` writes them as JSON."""
