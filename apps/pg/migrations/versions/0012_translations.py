"""What choices are called in other languages, so that a later poll file can be compared with it."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE choices ADD translations jsonb NOT NULL DEFAULT '{}';
        COMMENT ON COLUMN choices.translations IS 'Its text by language, in each that the poll was '
            'ever asked in besides its own.';
    """)
