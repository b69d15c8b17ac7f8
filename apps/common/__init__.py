"""What several apps do alike. An image has all of it, and needs only what its app imports."""
