"""The check at the end of a technician's visit, and what the worker does for it."""


def up(migrator, db):
    db.execute_sql(
        "CREATE TABLE acceptance (number INTEGER PRIMARY KEY AUTOINCREMENT, boot INTEGER NOT NULL,"
        " seconds REAL NOT NULL, bytes INTEGER NOT NULL, ended_boot INTEGER, ended_seconds REAL, passed INTEGER,"
        " code TEXT, site TEXT, time_zone TEXT, software TEXT NOT NULL, results TEXT)"
    )
    db.execute_sql(
        "CREATE TABLE errand (id INTEGER PRIMARY KEY CHECK (id = 1), wanted TEXT NOT NULL, stop INTEGER NOT NULL,"
        " step TEXT NOT NULL, done INTEGER NOT NULL, total INTEGER NOT NULL,"
        " called_boot INTEGER, called_seconds REAL, call_error TEXT,"
        " card_word TEXT NOT NULL, card TEXT, card_boot INTEGER, card_seconds REAL,"
        " files INTEGER NOT NULL, bytes INTEGER NOT NULL, damaged INTEGER NOT NULL,"
        " files_boot INTEGER, files_seconds REAL)"
    )
