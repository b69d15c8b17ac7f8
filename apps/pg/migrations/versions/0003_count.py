"""The count: one vote for each voter, and a tally that triggers keep exact."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE votes (
            voter     uuid PRIMARY KEY,
            choice    text NOT NULL,
            cast_us   bigint NOT NULL,
            queue     uuid NOT NULL,
            entry_ms  bigint NOT NULL,
            entry_seq bigint NOT NULL
        );
        COMMENT ON TABLE votes IS 'The latest ballot of each voter, by '
            '(cast_us, queue, entry_ms, entry_seq).';

        CREATE TABLE tally (
            choice text PRIMARY KEY REFERENCES choices (key),
            votes  bigint NOT NULL DEFAULT 0 CHECK (votes >= 0)
        );
        CREATE FUNCTION begin_tally() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO tally (choice) VALUES (NEW.key);
            RETURN NULL;
        END $$;
        CREATE TRIGGER begin_tally AFTER INSERT ON choices
            FOR EACH ROW EXECUTE FUNCTION begin_tally();
        INSERT INTO choices (key, text, position) VALUES ('test', 'Test votes', 0);
    """)
    for name, transition, sign in (("add", "NEW", "+"), ("subtract", "OLD", "-")):
        # One statement may fire several of these triggers and two merges may touch the rows in
        # any order, so each first locks all the rows, in one order: no two can wait in a circle.
        op.execute(f"""
            CREATE FUNCTION tally_{name}() RETURNS trigger LANGUAGE plpgsql
            SECURITY DEFINER SET search_path = public, pg_temp AS $$
            DECLARE
                unknown text;
            BEGIN
                IF NOT EXISTS (SELECT FROM changed) THEN
                    RETURN NULL;
                END IF;
                PERFORM FROM tally ORDER BY choice FOR UPDATE;
                UPDATE tally SET votes = tally.votes {sign} part.votes
                FROM (SELECT choice, count(*) AS votes FROM changed GROUP BY choice) AS part
                WHERE tally.choice = part.choice;
                SELECT min(choice) INTO unknown FROM changed
                WHERE choice NOT IN (SELECT choice FROM tally);
                IF unknown IS NOT NULL THEN
                    RAISE EXCEPTION 'no such choice: %', unknown
                        USING ERRCODE = 'foreign_key_violation';
                END IF;
                RETURN NULL;
            END $$;
        """)
        for event in ("UPDATE", "INSERT" if transition == "NEW" else "DELETE"):
            op.execute(f"""
                CREATE TRIGGER tally_{name}_{event.lower()} AFTER {event} ON votes
                    REFERENCING {transition} TABLE AS changed
                    FOR EACH STATEMENT EXECUTE FUNCTION tally_{name}();
            """)
