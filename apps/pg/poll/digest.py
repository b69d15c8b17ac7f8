"""What the seal of a certificate is made over, so that a stranger can make it again."""

# By the certificate's version: in this order, one after the other, as COPY writes text: a row a
# line, tabs between the values, times in ISO format and in UTC.
STATEMENTS = {
    version: (
        f"COPY (SELECT queue, entry_ms, entry_seq, voter, choice, cast_us, {entry}stored_at"
        " FROM ballots ORDER BY queue, entry_ms, entry_seq) TO STDOUT",
        f"COPY (SELECT queue, entry_ms, entry_seq, reason, {own}payload, stored_at"
        " FROM rejected ORDER BY queue, entry_ms, entry_seq) TO STDOUT",
    )
    for version, entry, own in ((1, "", ""), (2, "flag, node, boot, seq, mac, ", "own, "))
}
OPTIONS = "-c timezone=UTC -c datestyle=ISO -c bytea_output=hex"

# The same for the certificates that are made now, where psql finds the database.
COMMAND = f"""export PGTZ=UTC PGDATESTYLE=ISO PGOPTIONS="-c bytea_output=hex"
psql --no-psqlrc --quiet \\
  --command="{STATEMENTS[2][0]}" \\
  --command="{STATEMENTS[2][1]}" \\
  | sha256sum"""
