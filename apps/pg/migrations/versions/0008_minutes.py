"""How many voted in each minute: a row a minute, so that no curve is drawn from the ledger."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    # Its name comes after tally_add_insert, and triggers run in the order of their names: the tally
    # is locked by then, so no two merges can wait for each other's minutes.
    op.execute("""
        CREATE TABLE minutes (
            minute timestamptz PRIMARY KEY,
            votes  bigint NOT NULL,
            delay  interval NOT NULL
        );
        COMMENT ON TABLE minutes IS 'Voters by the minute in which their first vote was cast; test '
            'votes are left out. delay: the longest that one of them took to be counted.';

        CREATE FUNCTION count_minutes() RETURNS trigger LANGUAGE plpgsql
        SECURITY DEFINER SET search_path = public, pg_temp AS $$
        BEGIN
            INSERT INTO minutes AS known
            SELECT to_timestamp(cast_us / 60000000 * 60), count(*),
                greatest(clock_timestamp() - to_timestamp(min(cast_us) / 1000000.0), '0')
            FROM changed WHERE choice <> 'test' GROUP BY cast_us / 60000000
            ON CONFLICT (minute) DO UPDATE SET votes = known.votes + EXCLUDED.votes,
                delay = greatest(known.delay, EXCLUDED.delay);
            RETURN NULL;
        END $$;
        CREATE TRIGGER tally_minutes_insert AFTER INSERT ON votes
            REFERENCING NEW TABLE AS changed
            FOR EACH STATEMENT EXECUTE FUNCTION count_minutes();

        GRANT SELECT ON minutes TO results;
    """)
