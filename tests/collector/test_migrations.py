"""A database of the version before keeps all it holds."""

from playhouse.migrations import Runner

from collector.db import MIGRATIONS, _database, database, open_database
from collector.figures.query import days
from collector.figures.use import items
from collector.inbox.models import TOTALS, Sealing, Summary

SITE = ("dzemul", "Dzemul", "America/Merida", 1)
SUMMARY = {"hub_id": "0102030405060708", "epoch": 5, "day": "2026-02-28", "revision": 2, "sequence": 41, "release": 7,
           "open": False, "digest": "ab" * 16, "sealed": b"sealed", "arrived": 9}  # fmt: skip


def insert(db, table: str, row: dict) -> None:
    marks = ", ".join(["%s" if "Postgres" in type(db).__name__ else "?"] * len(row))
    db.execute_sql(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))


def test_what_was_taken_in_before_is_counted_as_before(empty_database_url):
    db = _database(empty_database_url)
    with db.connection_context():
        Runner(db, str(MIGRATIONS)).up("0002_summaries_and_quarantine")
        insert(db, "site", dict(zip(("id", "name", "time_zone", "made"), SITE, strict=True)))
        hub = {"id": "0102030405060708", "site_id": "dzemul", "public_key": b"k", "enrolled": 1, "software": "",
               "content_release": 0, "configuration": 0}  # fmt: skip
        insert(db, "hub", hub)
        insert(db, "summary", SUMMARY | dict.fromkeys(TOTALS, 3))
        insert(db, "item_use", {"summary_id": 1, "number": 5, "plays": 3, "visitors": 2, "minutes": 4})
        insert(db, "quarantine", {"hub_id": hub["id"], "digest": "cd", "alarm": True, "sentence": "x", "sealed": b"x",
                                  "arrived": 8, "times": 1})  # fmt: skip
    open_database(empty_database_url)
    with database.connection_context():
        (day,) = days("dzemul")
        assert (str(day.day), day.plays, day.off, day.items_older) == ("2026-02-28", 3, False, False)
        assert [(row.number, row.plays) for row in items("dzemul", "es")] == [(5, 3)]
        sealing = Sealing.get()
        assert (sealing.sequence, sealing.place, sealing.digest) == (41, "2026-02-28", "ab" * 16)
        row = Summary.get()
        row.day, row.place = None, "0a0b0c0d:1"
        row.save()
        assert database.obj.get_foreign_keys("item_use")
