"""The voting page: takes a vote, and acknowledges it once the node's queue has it on disk."""
