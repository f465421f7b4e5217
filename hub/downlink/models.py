"""What head office told last, as far as it holds here; each table is put in the place of the one before, whole.

- ToldSetting: a setting and its value, once it was done. What head office did not change since is left to the
  technician.
- ToldAnswer: what became of `subject`, such as the digest of a record: a `word` for programs, a sentence for people.
- Revoked: subjects that hold no more, such as the number of a certificate.
"""

from __future__ import annotations

from peewee import BlobField, TextField

from hub.db import Table


class ToldSetting(Table):
    """`name` is a word of settings.py."""

    name = TextField(primary_key=True)
    value = TextField()


class ToldAnswer(Table):
    """`word` is one of those in answers.py, or of a feature that this hub does not have."""

    subject = BlobField(primary_key=True)
    word = TextField()
    sentence = TextField()


class Revoked(Table):
    """One that holds no more."""

    subject = BlobField(primary_key=True)
