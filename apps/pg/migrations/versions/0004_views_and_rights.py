"""What may be looked at, and by whom: each role has what it needs and no more."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("""
        CREATE VIEW lag AS
            SELECT coalesce(sum(waiting), 0)::bigint AS waiting, min(seen_at) AS seen_at
            FROM queues;
        COMMENT ON VIEW lag IS 'Ballots that wait in the queues, as of seen_at. Cheap.';

        CREATE VIEW audit_queues AS
            SELECT queue, node, first_seen, seen_at, intake_open, entries_added, waiting,
                coalesce(stored, 0) AS ballots, coalesce(refused, 0) AS rejected,
                entries_added - waiting - coalesce(stored, 0) - coalesce(refused, 0) AS missing
            FROM queues
            FULL JOIN (SELECT queue, count(*) AS stored FROM ballots GROUP BY queue) AS b
                USING (queue)
            FULL JOIN (SELECT queue, count(*) AS refused FROM rejected GROUP BY queue) AS r
                USING (queue);
        COMMENT ON VIEW audit_queues IS 'The identity of each queue: missing is 0. Reads the whole '
            'ledger: for a closed poll. A null node is a queue that was never registered.';

        CREATE VIEW audit_totals AS
            SELECT (SELECT coalesce(sum(votes), 0)::bigint FROM tally) AS tally,
                (SELECT count(*) FROM votes) AS votes,
                (SELECT count(DISTINCT voter) FROM ballots) AS voters;
        COMMENT ON VIEW audit_totals IS 'The identity of the count: all three are equal. Reads the '
            'whole ledger: for a closed poll.';
    """)
    # The worker reads ballots and rejected to tell what is new. It changes and deletes neither.
    op.execute("""
        GRANT SELECT ON poll, choices TO worker, results;
        GRANT SELECT, INSERT ON ballots, rejected TO worker;
        GRANT SELECT, INSERT, UPDATE ON queues, votes TO worker;
        GRANT SELECT ON tally, queues, lag TO results;
    """)
