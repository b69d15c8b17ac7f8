"""What the operators' page reads: how old each queue's backlog is, and who has stored how much."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE queues ADD oldest_ms bigint;
        COMMENT ON COLUMN queues.oldest_ms IS 'When the oldest entry that waits was added, in '
            'milliseconds since the Unix epoch by its node''s clock; null where none waits.';

        CREATE TABLE deliveries (
            queue    uuid NOT NULL,
            worker   text NOT NULL,
            ballots  bigint NOT NULL,
            rejected bigint NOT NULL,
            PRIMARY KEY (queue, worker)
        );
        COMMENT ON TABLE deliveries IS 'How many rows of the ledger each worker has added from '
            'each queue. The worker is named as its connection names itself.';
        INSERT INTO deliveries
            SELECT queue, '', count(*) FILTER (WHERE accepted), count(*) FILTER (WHERE NOT accepted)
            FROM (
                SELECT queue, true AS accepted FROM ballots
                UNION ALL SELECT queue, false FROM rejected
            ) AS ledger GROUP BY queue;
    """)
    # The name comes after count_ballots, and triggers run in the order of their names: the tally is
    # locked by then, so no two merges can wait for each other's row here.
    for table, counts in (("ballots", "count(*), 0"), ("rejected", "0, count(*)")):
        op.execute(f"""
            CREATE FUNCTION deliver_{table}() RETURNS trigger LANGUAGE plpgsql
            SECURITY DEFINER SET search_path = public, pg_temp AS $$
            BEGIN
                INSERT INTO deliveries AS known
                SELECT queue, current_setting('application_name'), {counts}
                FROM stored GROUP BY queue ORDER BY queue
                ON CONFLICT (queue, worker) DO UPDATE SET
                    ballots = known.ballots + EXCLUDED.ballots,
                    rejected = known.rejected + EXCLUDED.rejected;
                RETURN NULL;
            END $$;
            CREATE TRIGGER deliver_{table} AFTER INSERT ON {table} REFERENCING NEW TABLE AS stored
                FOR EACH STATEMENT EXECUTE FUNCTION deliver_{table}();
        """)
    op.execute("GRANT SELECT ON poll, choices, tally, queues, deliveries TO overview")
