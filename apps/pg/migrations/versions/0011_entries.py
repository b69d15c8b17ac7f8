"""The entry's format 2, queues whose figures never fall, and a schedule that needs two clocks."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    # Null in the rows of version 1.0.0, whose entries had no more than voter, choice and cast time.
    op.execute("""
        ALTER TABLE ballots
            ADD flag smallint,
            ADD node text,
            ADD boot uuid,
            ADD seq  bigint,
            ADD mac  uuid;
        COMMENT ON COLUMN ballots.boot IS 'The writer: one connection of one frontend process.';
        COMMENT ON COLUMN ballots.seq IS 'The writer''s number of the entry, from 1, without gaps '
            'but for those that it notes as being in doubt.';
        COMMENT ON COLUMN ballots.mac IS 'HMAC-SHA256, its first 128 bits, over poll, voter, '
            'choice, cast, flag, node, boot and seq, with tabs between them; the key is the '
            'frontends''. The type is that of any 128 bits.';
        ALTER TABLE poll ADD id text CHECK (id ~ '^[a-z0-9-]{1,64}$');
        COMMENT ON COLUMN poll.id IS 'Every entry names it. Null until the first start with a '
            'poll file that does.';

        ALTER TABLE rejected ADD own boolean NOT NULL DEFAULT true;
        UPDATE rejected SET own = payload IS NULL
            OR payload @> ARRAY['voter', 'choice', 'cast']::bytea[];
        COMMENT ON COLUMN rejected.own IS 'It has the fields that our frontends write, or nobody '
            'knows what it was: it may be a vote that somebody has a receipt for.';

        CREATE TABLE collisions (
            queue     uuid NOT NULL,
            entry_ms  bigint NOT NULL,
            entry_seq bigint NOT NULL,
            payload   text NOT NULL,
            stored_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (queue, entry_ms, entry_seq, payload)
        );
        COMMENT ON TABLE collisions IS 'Entries that arrived under the id of another one, which is '
            'in the ledger: they are in no count, and there is no certificate with them.';
        GRANT SELECT, INSERT ON collisions TO worker;
        GRANT SELECT ON collisions TO auditor, overview;
        GRANT SELECT (own) ON rejected TO overview;
    """)
    op.execute("""
        ALTER TABLE queues
            ADD ended     boolean NOT NULL DEFAULT false,
            ADD shortfall bigint NOT NULL DEFAULT 0;
        UPDATE queues SET ended = true FROM poll
            WHERE NOT intake_open AND seen_at > coalesce(retired_at, closed_at);
        COMMENT ON COLUMN queues.ended IS 'It was seen closed by a worker that knew, before it '
            'looked, that the queue is to take no more votes: entries_added is final.';
        COMMENT ON COLUMN queues.entries_added IS 'The most that was ever reported.';
        COMMENT ON COLUMN queues.shortfall IS 'By how many entries, at most, the queue once '
            'reported less than before: it has lost them.';

        CREATE FUNCTION report(
            id uuid, added bigint, left_over bigint, oldest bigint, is_open boolean, sender text,
            knew text, confirmed boolean, age double precision
        ) RETURNS bigint LANGUAGE plpgsql
        SECURITY DEFINER SET search_path = public, pg_temp AS $$
        DECLARE
            known queues;
            looked_at timestamptz := now() - age * interval '1 second';
        BEGIN
            SELECT * INTO known FROM queues WHERE queue = id;
            -- A late report says less than one of a later look: nothing of it is news. Only a
            -- worker that has looked again since it was told so can tell that from a loss.
            IF added < known.entries_added AND NOT confirmed THEN
                RETURN known.entries_added;
            END IF;
            -- All workers look every second, and one row a second is enough; but the one that knows
            -- the node may never come first. The store's clock may have been ahead: what is from
            -- the future is written over.
            IF known.seen_at BETWEEN looked_at - interval '0.9 seconds' AND now()
                AND is_open = known.intake_open
                AND known.ended = (knew IN ('closed', 'retired'))
                AND added >= known.entries_added
                AND sender IN ('', known.node)
            THEN
                RETURN known.entries_added;
            END IF;
            -- A look of before the end adds nothing to one of after it, unless it has more: then
            -- that was not the end.
            UPDATE queues SET seen_at = looked_at, node = coalesce(nullif(sender, ''), node),
                shortfall = greatest(shortfall, entries_added - added),
                entries_added = greatest(entries_added, added),
                waiting = CASE WHEN ended AND added <= entries_added
                    THEN least(waiting, left_over) ELSE left_over END,
                oldest_ms = oldest,
                intake_open = is_open AND (NOT ended OR added > entries_added),
                ended = (ended AND added <= entries_added)
                    OR (knew IN ('closed', 'retired') AND NOT is_open)
            WHERE queue = id AND (added >= entries_added OR confirmed)
            RETURNING entries_added INTO known.entries_added;
            RETURN known.entries_added;
        END $$;
        COMMENT ON FUNCTION report IS 'What a worker saw of a queue: entries ever added, entries '
            'left in it, when the oldest of these was added (ms since the epoch, or null), whether '
            'it takes votes, the node, what intake_state said before the look, and whether this '
            'look came after an answer that was higher, and how many seconds ago it was. Returns '
            'the most that was ever reported: where that is more than added, look again and '
            'confirm.';
        REVOKE ALL ON FUNCTION report FROM PUBLIC;
        GRANT EXECUTE ON FUNCTION report TO worker;
        REVOKE UPDATE ON queues FROM worker;

        CREATE OR REPLACE VIEW draining AS
            SELECT queue, node, intake_open, waiting, seen_at FROM queues
            WHERE (opened OR entries_added > 0) AND NOT (ended AND waiting = 0);
    """)
    # One pass, one sort: whatever is asked of a voter's ballots in a row is asked here.
    op.execute("""
        CREATE OR REPLACE VIEW audit_choices AS
            SELECT choice, coalesce(l.votes, 0) AS ledger, coalesce(v.votes, 0) AS votes,
                coalesce(tally.votes, 0) AS tally, coalesce(l.changed, 0) AS changed,
                coalesce(l.repeated, 0) AS repeated
            FROM (
                SELECT choice, count(*) FILTER (WHERE next IS NULL) AS votes,
                    count(*) FILTER (WHERE next <> choice) AS changed,
                    count(*) FILTER (WHERE next = choice) AS repeated
                FROM (
                    SELECT choice, lead(choice) OVER (
                        PARTITION BY voter ORDER BY cast_us, queue, entry_ms, entry_seq
                    ) AS next FROM ballots
                ) AS ballot GROUP BY choice
            ) AS l
            FULL JOIN (SELECT choice, count(*) AS votes FROM votes GROUP BY choice) AS v
                USING (choice)
            FULL JOIN tally USING (choice);
        COMMENT ON COLUMN audit_choices.changed IS 'Ballots after which the same voter chose '
            'another one.';
        COMMENT ON COLUMN audit_choices.repeated IS 'Ballots after which the same voter chose the '
            'same again.';
    """)
    # One wrong clock neither opens nor closes a poll: what is due is due by two.
    op.execute("""
        DROP FUNCTION intake_state(uuid);
        DROP FUNCTION poll_state();
        CREATE FUNCTION poll_state(asked_at timestamptz) RETURNS text LANGUAGE plpgsql
        SECURITY DEFINER SET search_path = public, pg_temp AS $$
        BEGIN
            UPDATE poll SET state = 'open', opened_at = now()
            WHERE state = 'waiting'
                AND coalesce(opens_at, '-infinity') <= least(now(), asked_at);
            UPDATE poll SET state = 'closed', closed_at = now()
            WHERE state = 'open' AND closes_at <= least(now(), asked_at);
            RETURN (SELECT state FROM poll);
        END $$;
        COMMENT ON FUNCTION poll_state IS 'The state, once what is due by the clocks of both the '
            'store and whoever asks has been done.';
        CREATE FUNCTION intake_state(id uuid, asked_at timestamptz) RETURNS text LANGUAGE sql
        SECURITY DEFINER SET search_path = public, pg_temp AS $$
            SELECT CASE
                WHEN EXISTS (SELECT FROM queues WHERE queue = id AND retired_at IS NOT NULL)
                THEN 'retired' ELSE poll_state(asked_at) END
        $$;
        COMMENT ON FUNCTION intake_state IS 'What a queue should be: as the poll is, or retired.';
        REVOKE ALL ON FUNCTION poll_state, intake_state FROM PUBLIC;
        GRANT EXECUTE ON FUNCTION poll_state, intake_state TO worker;
    """)
