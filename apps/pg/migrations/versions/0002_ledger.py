"""The ledger: every queue entry ends as one row of `ballots` or one row of `rejected`."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # No foreign keys: they cost a trigger call for each of 80,000 rows a second. An unknown choice
    # cannot get past the tally, and audit_queues shows ballots of an unknown queue.
    op.execute("""
        CREATE TABLE ballots (
            queue     uuid NOT NULL,
            entry_ms  bigint NOT NULL,
            entry_seq bigint NOT NULL,
            voter     uuid NOT NULL,
            choice    text NOT NULL,
            cast_us   bigint NOT NULL,
            stored_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (queue, entry_ms, entry_seq)
        );
        COMMENT ON TABLE ballots IS 'Append-only. The key is the entry of the queue, so an entry '
            'that is delivered twice is stored once.';

        CREATE TABLE rejected (
            queue     uuid NOT NULL,
            entry_ms  bigint NOT NULL,
            entry_seq bigint NOT NULL,
            reason    text NOT NULL,
            payload   bytea[],
            stored_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (queue, entry_ms, entry_seq)
        );
        COMMENT ON COLUMN rejected.payload IS 'The names and values of the entry in turn, byte for '
            'byte; null where the entry was deleted before anybody had read it.';
    """)
