"""The languages that the page talks."""

LANGUAGES = ("en", "de", "ar")
