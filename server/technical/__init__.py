"""How well the calls went, technically, for whoever runs the service (row ST-04)."""
