"""What a WSGI server loads: `granian --interface wsgi frontend.wsgi:app`."""

import os

from frontend.app import create_app
from frontend.config import Config

app = create_app(Config.from_environ(os.environ))
