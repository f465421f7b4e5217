"""`hub web` as it is, or with a recorder that forgets everything: the difference is what recording costs."""

from __future__ import annotations

import sys

from hub.commands.web import command
from hub.usage.record import Recorder

if __name__ == "__main__":
    if sys.argv.pop() == "forgetting":
        Recorder.delivered = lambda *_: None  # type: ignore[method-assign]
        Recorder.flush = lambda *_: None  # type: ignore[method-assign]
    command()
