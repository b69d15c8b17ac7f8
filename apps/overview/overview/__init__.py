"""The operators' page: the whole system at a glance, read-only."""
