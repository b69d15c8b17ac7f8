#!/usr/bin/env python3
"""How long the certificate of a closed poll takes, and what it needs.

    bench/certificate.py [MILLIONS]

Fills a ledger of that many ballots (20 million, unless told otherwise) in four queues, every tenth
a changed vote, into a Postgres of its own that is sized as the store sizes itself on 8 GB; then
makes the certificate, and verifies it. Prints seconds of wall time, CPU seconds of the command
and of Postgres, and the most memory that the command ever had.
"""

import sys
import tempfile
import time
from pathlib import Path

from cost import family_cpu

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "apps"))

from testing.postgres_server import PostgresServer  # noqa: E402 (found by the line above)

MILLION = 1_000_000
SIZES = {"shared_buffers": "2GB", "work_mem": "16MB", "max_wal_size": "1GB"}

# The command, which then tells the CPU seconds and the kilobytes of its process.
MEASURED = """
import resource, sys
from poll.__main__ import main
code = main(*sys.argv[1:])
used = resource.getrusage(resource.RUSAGE_SELF)
if code == 0:
    print(used.ru_utime + used.ru_stime, used.ru_maxrss, file=sys.stderr)
sys.exit(code)
"""

FILL = """
    INSERT INTO queues (queue, node, opened, entries_added)
    SELECT ('00000000-0000-4000-8000-00000000000' || n)::uuid, 'frontend0' || n, true, BALLOTS / 4
    FROM generate_series(0, 3) AS n;

    -- One statement of millions is not what the trigger is made for.
    ALTER TABLE ballots DISABLE TRIGGER count_ballots;
    INSERT INTO ballots
    SELECT ('00000000-0000-4000-8000-00000000000' || i %% 4)::uuid, 1790000000000 + i / 400,
        i / 4 %% 100, md5((i %% (BALLOTS * 9 / 10))::text)::uuid,
        CASE WHEN i %% 3 = 0 THEN 'a' ELSE 'b' END, 1790000000000000 + i, now(), 0,
        'frontend0' || i %% 4, ('00000000-0000-4000-9000-00000000000' || i %% 4)::uuid, i / 4 + 1,
        md5(i::text)::uuid
    FROM generate_series(0, BALLOTS - 1) AS i;

    INSERT INTO votes
    SELECT DISTINCT ON (voter) voter, choice, cast_us, queue, entry_ms, entry_seq FROM ballots
    ORDER BY voter, cast_us DESC, queue DESC, entry_ms DESC, entry_seq DESC;

    ALTER TABLE ballots ENABLE TRIGGER count_ballots;

    UPDATE poll SET state = 'closed', opened_at = now(), closed_at = now();
    UPDATE queues SET ended = true;
"""


def main() -> None:
    ballots = int(float(sys.argv[1] if len(sys.argv) > 1 else 20) * MILLION)
    with tempfile.TemporaryDirectory(prefix="landslide-bench-") as directory:
        server = PostgresServer(Path(directory))
        try:
            superuser = server.connect("postgres")
            for name, value in SIZES.items():
                superuser.cursor().execute(f"ALTER SYSTEM SET {name} = '{value}'")
            superuser.close()
            server.stop()
            server.start()
            began = time.monotonic()
            server.query(FILL.replace("BALLOTS", str(ballots)))
            superuser = server.connect("postgres")
            superuser.cursor().execute("VACUUM ANALYZE")
            superuser.close()
            print(f"{ballots:,} ballots, filled in {time.monotonic() - began:.0f} s", flush=True)
            certificate = ""
            for command in ("certify", "verify"):
                certificate = measure(server, command, certificate)
        finally:
            server.stop()


def measure(server: PostgresServer, command: str, stdin: str) -> str:
    """Run and time a poll command; returns what it said."""
    of_postgres, began = family_cpu(server.pid), time.monotonic()
    done = server.execute("python3", "-c", MEASURED, command, stdin=stdin)
    done.check_returncode()
    own, kilobytes = done.stderr.split()
    print(
        f"{command}: {time.monotonic() - began:.1f} s; CPU {float(own):.1f} s itself, "
        f"{family_cpu(server.pid) - of_postgres:.1f} s Postgres; "
        f"memory {int(kilobytes) / 1024:.0f} MB at most",
        flush=True,
    )
    return done.stdout


if __name__ == "__main__":
    main()
