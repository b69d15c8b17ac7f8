"""The least that a Flask page can be: what bench/frontend_cpu.py measures everything against."""

from flask import Flask

app = Flask(__name__)


@app.post("/")
def hello() -> str:
    return "Hello"
