-- The roles with their passwords from files, and the database. Run by ./prepare at each start, so
-- that a new password file is a rotation. A password appears in no argument list: the shell below
-- only gets the file's name; nor in the log: see the log settings in postgresql.conf.
\set ON_ERROR_STOP on
\set worker_password `cat "$PG_SECRETS/pg_worker_password"`
\set results_password `cat "$PG_SECRETS/pg_results_password"`
\set overview_password `cat "$PG_SECRETS/pg_overview_password"`

SELECT format('CREATE ROLE %I LOGIN', role)
FROM unnest(ARRAY['landslide', 'worker', 'results', 'overview']) AS role
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) \gexec

-- The owner takes this role where it only has to look (poll/ledger.py); nobody else can have it.
SELECT 'CREATE ROLE auditor NOLOGIN'
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'auditor') \gexec
GRANT auditor TO landslide;

ALTER ROLE worker PASSWORD :'worker_password';
ALTER ROLE results PASSWORD :'results_password';
ALTER ROLE overview PASSWORD :'overview_password';

-- A merge takes a fraction of a second. One that takes minutes is stuck, and its ballots are safe
-- in their queue: better to let go of the locks and try again.
ALTER ROLE worker SET statement_timeout = '5min';
ALTER ROLE results SET statement_timeout = '5s';
ALTER ROLE results SET default_transaction_read_only = on;
ALTER ROLE overview SET statement_timeout = '5s';
ALTER ROLE overview SET default_transaction_read_only = on;

SELECT 'CREATE DATABASE landslide OWNER landslide'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'landslide') \gexec

REVOKE ALL ON DATABASE landslide FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE landslide TO worker;
GRANT CONNECT ON DATABASE landslide TO results, overview;
