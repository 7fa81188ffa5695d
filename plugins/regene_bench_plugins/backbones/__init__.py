"""Published networks and their weights, which extractors and networks of methods share."""
