"""Boots of the machine, and the one row that says which site this is."""


def up(migrator, db):
    db.execute_sql("CREATE TABLE boot (id INTEGER PRIMARY KEY, boot_id TEXT NOT NULL UNIQUE, began REAL, source TEXT)")
    db.execute_sql(
        "CREATE TABLE site (id INTEGER PRIMARY KEY CHECK (id = 1), hub BLOB NOT NULL, epoch INTEGER NOT NULL,"
        " code TEXT, name TEXT, time_zone TEXT NOT NULL, collector_url TEXT, collector_key BLOB)"
    )
