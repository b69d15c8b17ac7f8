"""Bugs that are planted into copies of the project, where its own tests have to find them."""
