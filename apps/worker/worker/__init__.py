"""The worker: moves ballots from the queues into the store, each exactly once."""
