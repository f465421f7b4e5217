"""Tables of names, by the integers that summaries count under, and from what they were taken in.

`titles` is JSON, from language to title. They are a copy: the signed file is the truth (docs/formats/names.md).
"""

from __future__ import annotations

from peewee import BigIntegerField, BooleanField, IntegerField, TextField

from collector.db import Table


class Course(Table):
    """A course that ever had a number."""

    number = BigIntegerField(primary_key=True)
    slug = TextField()
    titles = TextField()
    published = BooleanField()


class Item(Table):
    """An item that ever had a number; `course` is its course's, if that is known."""

    number = BigIntegerField(primary_key=True)
    course = BigIntegerField(null=True, index=True)
    slug = TextField()
    kind = TextField(null=True)
    titles = TextField()
    published = BooleanField()


class Taken(Table):
    """The one row of what was taken in last: under which root, with which number of the content, as which file."""

    id = IntegerField(primary_key=True)
    root = TextField()
    number = BigIntegerField()
    sha256 = TextField()
    at = BigIntegerField()

    class Meta:
        table_name = "names_taken"
