"""What a WSGI server loads: `granian --interface wsgi frontend.wsgi:app`."""

import logging
import os

from frontend.app import create_app
from frontend.config import Config

logging.basicConfig(level=logging.INFO, format="[%(levelname)s] %(message)s")
app = create_app(Config.from_environ(os.environ))
