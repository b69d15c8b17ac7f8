"""Workers know of each other, and ask and tell of all their queues at once."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    # Unlogged: a beat a second of each worker is nothing to keep, and after a crash of the store
    # none of them is connected.
    op.execute("""
        CREATE UNLOGGED TABLE workers (
            worker    text PRIMARY KEY,
            beat      bigint NOT NULL DEFAULT 0,
            unreached text[] NOT NULL
        );
        COMMENT ON TABLE workers IS 'The workers that are alive. Each adds to its beat once a '
            'second, and removes those whose beat stands still.';
        COMMENT ON COLUMN workers.unreached IS 'Addresses of queues that it tries to reach and '
            'cannot.';
        GRANT SELECT, INSERT, UPDATE, DELETE ON workers TO worker;

        DROP FUNCTION intake_state(uuid, timestamptz);
        CREATE FUNCTION intake_states(ids uuid[], asked_at timestamptz)
        RETURNS TABLE (queue uuid, state text) LANGUAGE plpgsql
        SECURITY DEFINER SET search_path = public, pg_temp AS $$
        DECLARE
            state_of_poll text := poll_state(asked_at);
        BEGIN
            RETURN QUERY
                SELECT id, CASE WHEN queues.retired_at IS NULL THEN state_of_poll ELSE 'retired' END
                FROM unnest(ids) AS id LEFT JOIN queues ON queues.queue = id;
        END $$;
        COMMENT ON FUNCTION intake_states IS 'What each queue should be: as the poll is, or '
            'retired.';
        REVOKE ALL ON FUNCTION intake_states FROM PUBLIC;
        GRANT EXECUTE ON FUNCTION intake_states TO worker;
    """)
