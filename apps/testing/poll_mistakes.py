"""Invalid polls, as an operator may write them, and what is wrong with each.

The playbook judges a poll before it touches a machine, and the frontend judges it again. This is
what both must refuse; the sentences are the playbook's.
"""

from typing import Any

POLL: dict[str, Any] = {
    "title": "Tea or coffee?",
    "question": "What do you drink?",
    "choices": [
        {"key": "tea", "text": "Tea", "color": "#2b8a3e"},
        {"key": "coffee", "text": "Coffee", "color": "#5f3dc4"},
    ],
    "translations": {
        "de": {
            "title": "Tee oder Kaffee?",
            "question": "Was trinken Sie?",
            "choices": {"tea": "Tee", "coffee": "Kaffee"},
        }
    },
    "opens_at": "2026-12-01T18:00:00Z",
    "closes_at": "2026-12-01T22:00:00+01:00",
    "results_before_closing": False,
}
TEA, COFFEE = POLL["choices"]
GERMAN = POLL["translations"]["de"]

MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"title": ""}, "the poll needs a title"),
    ({"title": 2026}, "the poll has the title 2026, which is not a text: put it into quotes"),
    ({"question": None}, "the poll needs a question"),
    ({"choices": [TEA], "translations": {}}, "the poll needs a list of 2 to 20 choices"),
    (
        {"choices": [TEA | {"key": f"k{n}"} for n in range(21)], "translations": {}},
        "the poll needs a list of 2 to 20 choices",
    ),
    ({"choices": [TEA, COFFEE, TEA]}, "the poll has more than one choice with the key tea"),
    (
        {"choices": [TEA, COFFEE, TEA | {"key": "Milk"}], "translations": {}},
        "choice 3 of the poll needs a key of 1 to 32 of a-z, 0-9, - and _",
    ),
    (
        {"choices": [TEA, TEA | {"key": "test"}], "translations": {}},
        "choice 2 of the poll has the key test, which is kept for the vote that proves a"
        " deployment",
    ),
    (
        {"choices": [TEA, COFFEE | {"text": False}]},
        "choice 2 of the poll has the text False, which is not a text: put it into quotes",
    ),
    (
        {"choices": [TEA, COFFEE | {"color": None}]},
        'choice 2 of the poll needs a color such as "#0b7285", in quotes',
    ),
    (
        {"choices": [TEA, COFFEE | {"color": "red}body{"}]},
        'choice 2 of the poll needs a color such as "#0b7285", in quotes',
    ),
    ({"choices": [TEA, COFFEE, "milk"]}, "choice 3 of the poll is no mapping"),
    ({"language": "tlh"}, "the poll has the unknown language tlh; known are ar, de, en"),
    (
        {"translations": {"tlh": GERMAN}},
        "the poll has the unknown language tlh; known are ar, de, en",
    ),
    ({"language": "de"}, "the poll is in de, and has a translation to de, too"),
    (
        {"translations": {"de": GERMAN | {"title": ""}}},
        "the poll's translation to de needs a title",
    ),
    (
        {"translations": {"de": GERMAN | {"choices": {"tea": "Tee"}}}},
        "the poll's translation to de, in its choices, needs a coffee",
    ),
]
