"""A queue may be retired while the poll goes on: its machine is to be taken away."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE queues ADD retired_at timestamptz;
        COMMENT ON COLUMN queues.retired_at IS 'When it was told to take no more votes, for good. '
            'Once it has been seen closed and empty since, nothing more is expected of it.';

        CREATE FUNCTION intake_state(id uuid) RETURNS text LANGUAGE sql
        SECURITY DEFINER SET search_path = public, pg_temp AS $$
            SELECT CASE
                WHEN EXISTS (SELECT FROM queues WHERE queue = id AND retired_at IS NOT NULL)
                THEN 'retired' ELSE poll_state() END
        $$;
        COMMENT ON FUNCTION intake_state IS 'What a queue should be: as the poll is, or retired.';
        REVOKE ALL ON FUNCTION intake_state FROM PUBLIC;
        GRANT EXECUTE ON FUNCTION intake_state TO worker;

        CREATE OR REPLACE FUNCTION may_open(id uuid) RETURNS boolean LANGUAGE plpgsql
        SECURITY DEFINER SET search_path = public, pg_temp AS $$
        BEGIN
            -- Either this row is there before the poll closes, and closing waits for the queue; or
            -- the poll is closed first, and the queue never opens.
            PERFORM FROM poll WHERE state = 'open' FOR SHARE;
            IF NOT FOUND THEN
                RETURN false;
            END IF;
            UPDATE queues SET opened = true, intake_open = true, seen_at = now()
            WHERE queue = id AND retired_at IS NULL;
            RETURN FOUND;
        END $$;

        CREATE OR REPLACE VIEW draining AS
            SELECT queue, node, intake_open, waiting, seen_at FROM queues, poll
            WHERE (opened OR entries_added > 0)
                AND (coalesce(retired_at, closed_at) IS NULL
                    OR seen_at <= coalesce(retired_at, closed_at) OR intake_open OR waiting > 0);
        CREATE OR REPLACE VIEW lag AS
            SELECT coalesce(sum(waiting), 0)::bigint AS waiting, min(seen_at) AS seen_at
            FROM queues WHERE retired_at IS NULL OR intake_open OR waiting > 0;
    """)
