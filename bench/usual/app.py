"""A voting page as it is usually made, to measure ours against; served by gunicorn's sync workers.

Flask does all: the form, the cookie, the page from its template at each request, and a Redis client
for each request. QUEUE_PORT and QUEUE_PASSWORD name the queue.
"""

import json
import os
import secrets

from flask import Flask, Response, g, make_response, render_template, request
from redis import Redis

CHOICES = {"a": "Cats", "b": "Dogs"}
app = Flask(__name__)


def queue() -> Redis:
    if "queue" not in g:
        port, password = int(os.environ["QUEUE_PORT"]), os.environ["QUEUE_PASSWORD"]
        g.queue = Redis(port=port, username="admin", password=password, socket_timeout=5)
    return g.queue


@app.route("/", methods=["GET", "POST"])
def page() -> Response:
    voter = request.cookies.get("voter-any") or secrets.token_hex(16)
    vote = None
    if request.method == "POST":
        vote = request.form["vote"]
        queue().rpush("votes", json.dumps({"voter": voter, "vote": vote}))
    response = make_response(render_template("page.html", choices=CHOICES, vote=vote))
    response.set_cookie("voter-any", voter)
    return response
