"""Orders of root what the command line names, with the bytes on the input, as hub-web does."""

import sys

sys.path.insert(0, "/opt/village-hub/lib")

from hub.box.orders import order
from hub.settings import Settings

order(Settings.load(), sys.argv[1], sys.stdin.buffer.read())
