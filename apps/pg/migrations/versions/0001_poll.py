"""The poll, its choices, and the queues that ballots come from."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE poll (
            one       boolean PRIMARY KEY DEFAULT true CHECK (one),
            state     text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed')),
            closed_at timestamptz,
            CHECK ((state = 'closed') = (closed_at IS NOT NULL))
        );
        COMMENT ON TABLE poll IS 'One row. Workers open a queue while the state is open, and close '
            'it once it is closed.';
        INSERT INTO poll DEFAULT VALUES;

        CREATE TABLE choices (
            key      text PRIMARY KEY CHECK (key ~ '^[A-Za-z0-9_-]{1,32}$'),
            text     text NOT NULL,
            position integer NOT NULL
        );

        CREATE TABLE queues (
            queue         uuid PRIMARY KEY,
            node          text NOT NULL DEFAULT '',
            first_seen    timestamptz NOT NULL DEFAULT now(),
            seen_at       timestamptz NOT NULL DEFAULT now(),
            intake_open   boolean NOT NULL DEFAULT false,
            entries_added bigint NOT NULL DEFAULT 0,
            waiting       bigint NOT NULL DEFAULT 0
        );
        COMMENT ON TABLE queues IS 'Every queue ever seen, with what its Redis said at seen_at: '
            'all entries it was ever given, and how many of them still wait in it.';
    """)
