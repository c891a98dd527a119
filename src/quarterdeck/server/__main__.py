"""`python -m quarterdeck.server`: the server alone, set by variables only."""

import sys

from quarterdeck.config.settings import read_settings
from quarterdeck.core.errors import SetupError
from quarterdeck.server.run import serve

try:
    serve(read_settings())
except SetupError as error:
    sys.exit(error.message)
