"""The voting page: takes a vote, and thanks for it once the node's queue has it on disk."""
