"""The operators' page: the whole system at a glance, to be looked at and not to be touched."""
