"""The life of a poll in the store: opening, closing, and the certificate of its count."""
