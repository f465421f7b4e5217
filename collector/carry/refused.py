"""Why a file that somebody brought is not taken in: one sentence, and a word for it, so that pages say it in Spanish.

raise NotTaken("hubs")      # str(error) is the English sentence
"""

from __future__ import annotations

from collector.errors import CollectorError

LONGEST_UPLOAD = 16 << 20  # bytes, of all the files that are brought at once
SENTENCES = {
    "empty": "The file is empty; take it from the hub's page again.",
    "large": "The file is larger than any that a hub makes; take it from the hub's page again.",
    "many": "Too many files came from there; wait ten minutes, then bring the others.",
    "foreign": "This is no file from a hub; choose the one whose name ends in .vhub.",
    "damaged": "The file was damaged on the way; take it from the hub's page again.",
    "back": "This is the file to take back to the hub; bring the one that you took from the hub's page.",
    "elsewhere": "This file was made for another head office; take it there.",
    "unknown": "Head office does not know the hub that made this file; tell head office, and keep the file.",
    "used": "Another box was set up with the same kit, and came first; tell head office, and keep the file.",
    "old": "The kit that this hub was set up with is no longer good; tell head office, and keep the file.",
}


class NotTaken(CollectorError):
    """Nothing was taken in; `word` is a key of SENTENCES."""

    exit_code = 65

    def __init__(self, word: str) -> None:
        super().__init__(SENTENCES[word])
        self.word = word
