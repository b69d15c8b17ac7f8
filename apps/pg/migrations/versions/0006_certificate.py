"""The certificate of a closed poll, and the role that may make it."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("""
        CREATE VIEW audit_choices AS
            SELECT choice, coalesce(l.votes, 0) AS ledger, coalesce(v.votes, 0) AS votes,
                coalesce(tally.votes, 0) AS tally
            FROM (
                SELECT choice, count(*) AS votes FROM (
                    SELECT DISTINCT ON (voter) choice FROM ballots
                    ORDER BY voter, cast_us DESC, queue DESC, entry_ms DESC, entry_seq DESC
                ) AS latest GROUP BY choice
            ) AS l
            FULL JOIN (SELECT choice, count(*) AS votes FROM votes GROUP BY choice) AS v
                USING (choice)
            FULL JOIN tally USING (choice);
        COMMENT ON VIEW audit_choices IS 'The identity of the count, for each choice: counted anew '
            'from the ledger, in votes and in tally it is the same. Reads the whole ledger: for a '
            'closed poll.';

        CREATE TABLE certificate (
            one     boolean PRIMARY KEY DEFAULT true CHECK (one),
            json    text NOT NULL,
            html    text NOT NULL,
            made_at timestamptz NOT NULL DEFAULT now()
        );
        COMMENT ON TABLE certificate IS 'At most one row: the poll is closed, and its '
            'count adds up.';

        GRANT SELECT ON poll, choices, queues, ballots, rejected, votes, tally, audit_queues,
            audit_choices, certificate TO auditor;
        GRANT INSERT ON certificate TO auditor;
        GRANT SELECT ON certificate TO results;
    """)
