"""A ballot counts because it is in the ledger, whoever put it there."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    # Votes are taken in the order of their voters: two batches in opposite orders would wait for
    # each other.
    op.execute("""
        CREATE FUNCTION count_ballots() RETURNS trigger LANGUAGE plpgsql
        SECURITY DEFINER SET search_path = public, pg_temp AS $$
        BEGIN
            IF EXISTS (SELECT FROM stored JOIN rejected USING (queue, entry_ms, entry_seq)) THEN
                RAISE unique_violation USING MESSAGE = 'a rejected entry is no ballot';
            END IF;
            INSERT INTO votes AS last (voter, choice, cast_us, queue, entry_ms, entry_seq)
            SELECT DISTINCT ON (voter) voter, choice, cast_us, queue, entry_ms, entry_seq
            FROM stored
            ORDER BY voter, cast_us DESC, queue DESC, entry_ms DESC, entry_seq DESC
            ON CONFLICT (voter) DO UPDATE SET
                choice = EXCLUDED.choice, cast_us = EXCLUDED.cast_us, queue = EXCLUDED.queue,
                entry_ms = EXCLUDED.entry_ms, entry_seq = EXCLUDED.entry_seq
            WHERE (EXCLUDED.cast_us, EXCLUDED.queue, EXCLUDED.entry_ms, EXCLUDED.entry_seq)
                > (last.cast_us, last.queue, last.entry_ms, last.entry_seq);
            RETURN NULL;
        END $$;
        CREATE TRIGGER count_ballots AFTER INSERT ON ballots REFERENCING NEW TABLE AS stored
            FOR EACH STATEMENT EXECUTE FUNCTION count_ballots();

        CREATE FUNCTION reject_no_ballots() RETURNS trigger LANGUAGE plpgsql
        SECURITY DEFINER SET search_path = public, pg_temp AS $$
        BEGIN
            -- By the index, entry by entry, however large the ledger has grown since this was
            -- planned: that is what LATERAL with LIMIT makes sure of.
            IF EXISTS (
                SELECT FROM refused, LATERAL (
                    SELECT FROM ballots WHERE (ballots.queue, ballots.entry_ms, ballots.entry_seq)
                        = (refused.queue, refused.entry_ms, refused.entry_seq) LIMIT 1
                ) AS counted
            ) THEN
                RAISE unique_violation USING MESSAGE = 'a ballot that counts is not rejected';
            END IF;
            RETURN NULL;
        END $$;
        CREATE TRIGGER reject_no_ballots AFTER INSERT ON rejected REFERENCING NEW TABLE AS refused
            FOR EACH STATEMENT EXECUTE FUNCTION reject_no_ballots();

        REVOKE ALL ON votes FROM worker;
    """)
