"""What the seal of a certificate is made over, so that a stranger can make it again."""

# In this order, one after the other, as COPY writes text: a row a line, tabs between the values,
# times in ISO format and in UTC.
STATEMENTS = (
    "COPY (SELECT queue, entry_ms, entry_seq, voter, choice, cast_us, stored_at"
    " FROM ballots ORDER BY queue, entry_ms, entry_seq) TO STDOUT",
    "COPY (SELECT queue, entry_ms, entry_seq, reason, payload, stored_at"
    " FROM rejected ORDER BY queue, entry_ms, entry_seq) TO STDOUT",
)
OPTIONS = "-c timezone=UTC -c datestyle=ISO -c bytea_output=hex"

# The same, where psql finds the database.
COMMAND = f"""export PGTZ=UTC PGDATESTYLE=ISO PGOPTIONS="-c bytea_output=hex"
psql --no-psqlrc --quiet \\
  --command="{STATEMENTS[0]}" \\
  --command="{STATEMENTS[1]}" \\
  | sha256sum"""
