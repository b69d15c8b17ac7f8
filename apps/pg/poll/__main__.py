"""`python3 -m poll COMMAND`, inside the store's container; the database is that of libpq's PG*.

open             open a poll that waits
close            close an open one; the workers then close and empty the queues
retire QUEUE     let one queue take no more votes; QUEUE is its UUID; the workers then empty it
drained [QUEUE]  say whether they have
certify          audit a closed poll, print its certificate in JSON; it is made once
verify           read such a certificate on stdin and say whether the database says the same

Ends with 0, or with 1 and whole sentences on stderr where it is otherwise.
"""

import inspect
import json
import sys
from collections.abc import Callable
from typing import Any

import psycopg2

from poll import state
from poll.audit import as_version_1, certificate, differences, problems
from poll.ledger import Ledger, connect
from poll.page import page
from poll.problem import Problem


def certify() -> str:
    """The certificate, from the store where one has been made; then it must still be true."""
    with connect() as store:
        kept = store.kept()
        made = _made(store, kept and json.loads(kept))
        if kept is None:
            kept = store.keep(json.dumps(made, indent=2, ensure_ascii=False), page(made))
    _compare(json.loads(kept), made)
    return kept


def verify() -> str:
    try:
        given = json.load(sys.stdin)
    except ValueError as error:
        raise Problem("What was given to verify is no certificate: it is not JSON.") from error
    with connect() as store:
        _compare(given, _made(store, given))
    return "The certificate says what the database says."


def _made(store: Ledger, given: object) -> dict[str, Any]:
    """The certificate of this moment, of the same version as the one that is given."""
    audit = store.audit()
    if found := problems(audit):
        raise Problem("The count does not add up; no certificate can be given.", *found)
    made = certificate(audit)
    if isinstance(given, dict) and given.get("version") == 1:
        return as_version_1(made) | {"ledger_sha256": store.digest(1)}
    return made | {"ledger_sha256": store.digest(2)}


def _compare(given: object, made: dict[str, object]) -> None:
    if found := differences(given, made):
        raise Problem("The certificate is not what the database says.", *found)


COMMANDS: dict[str, Callable[..., str]] = {
    "open": state.open_poll,
    "close": state.close_poll,
    "retire": state.retire,
    "drained": state.drained,
    "certify": certify,
    "verify": verify,
}


def main(*arguments: str) -> int:
    name, *rest = arguments or ("",)
    try:
        inspect.signature(COMMANDS[name]).bind(*rest)
    except (KeyError, TypeError):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        print(COMMANDS[name](*rest))
    except (Problem, psycopg2.OperationalError) as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
