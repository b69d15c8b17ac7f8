"""A poll opens once and closes once: by hand, or by the store's clock as soon as a worker asks."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE poll DROP CONSTRAINT poll_state_check;
        ALTER TABLE poll
            ADD title     text NOT NULL DEFAULT '',
            ADD question  text NOT NULL DEFAULT '',
            ADD opens_at  timestamptz,
            ADD closes_at timestamptz,
            ADD opened_at timestamptz,
            ALTER state SET DEFAULT 'waiting';
        ALTER TABLE queues ADD opened boolean NOT NULL DEFAULT false;
        COMMENT ON COLUMN queues.opened IS 'It may have taken votes: set before it '
            'is opened.';

        UPDATE queues SET opened = true;
        UPDATE poll SET opened_at = (SELECT min(first_seen) FROM queues);
        UPDATE poll SET state = 'waiting' WHERE state = 'open' AND opened_at IS NULL;
        UPDATE poll SET opened_at = closed_at WHERE state = 'closed' AND opened_at IS NULL;
        ALTER TABLE poll
            ADD CHECK (state IN ('waiting', 'open', 'closed')),
            ADD CHECK ((state = 'waiting') = (opened_at IS NULL)),
            ADD CONSTRAINT opens_before_it_closes
                CHECK (opens_at < closes_at OR opens_at = 'infinity');
        COMMENT ON TABLE poll IS 'One row. Workers open a queue while the state is open, and close '
            'it once it is closed.';
    """)
    # Without a due time this writes nothing and takes no lock. Where two ask at once, the second
    # waits for the first and finds it done: a poll has one opened_at and one closed_at.
    op.execute("""
        CREATE FUNCTION poll_state() RETURNS text LANGUAGE plpgsql
        SECURITY DEFINER SET search_path = public, pg_temp AS $$
        BEGIN
            UPDATE poll SET state = 'open', opened_at = now()
            WHERE state = 'waiting' AND coalesce(opens_at, '-infinity') <= now();
            UPDATE poll SET state = 'closed', closed_at = now()
            WHERE state = 'open' AND closes_at <= now();
            RETURN (SELECT state FROM poll);
        END $$;
        COMMENT ON FUNCTION poll_state IS 'The state, once what is due by the clock has been done.';

        CREATE FUNCTION may_open(id uuid) RETURNS boolean LANGUAGE plpgsql
        SECURITY DEFINER SET search_path = public, pg_temp AS $$
        BEGIN
            -- Either this row is there before the poll closes, and closing waits for the queue; or
            -- the poll is closed first, and the queue never opens.
            PERFORM FROM poll WHERE state = 'open' FOR SHARE;
            IF NOT FOUND THEN
                RETURN false;
            END IF;
            UPDATE queues SET opened = true, intake_open = true, seen_at = now() WHERE queue = id;
            RETURN FOUND;
        END $$;
        COMMENT ON FUNCTION may_open IS 'Asked by a worker before it makes the stream of a queue.';

        REVOKE ALL ON FUNCTION poll_state, may_open FROM PUBLIC;
        GRANT EXECUTE ON FUNCTION poll_state, may_open TO worker;

        CREATE VIEW draining AS
            SELECT queue, node, intake_open, waiting, seen_at FROM queues, poll
            WHERE (opened OR entries_added > 0)
                AND (closed_at IS NULL OR seen_at <= closed_at OR intake_open OR waiting > 0);
        COMMENT ON VIEW draining IS 'Queues that may still hold votes, as of seen_at. Cheap.';
    """)
