"""What ships the router; only the dashboards are made by a program."""
