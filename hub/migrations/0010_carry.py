"""What goes along until head office knows a hub that was set up with a kit, and the sticks that carry files."""


def up(migrator, db):
    db.execute_sql(
        "CREATE TABLE introduction (id INTEGER PRIMARY KEY CHECK (id = 1), office BLOB NOT NULL, code TEXT NOT NULL,"
        " enrolment BLOB NOT NULL)"
    )
    db.execute_sql(
        "CREATE TABLE carrier (place TEXT PRIMARY KEY, name TEXT NOT NULL, state TEXT NOT NULL, sentence TEXT,"
        " stamp TEXT NOT NULL, written TEXT NOT NULL, days INTEGER NOT NULL, taken INTEGER NOT NULL,"
        " boot INTEGER NOT NULL, seconds REAL NOT NULL) WITHOUT ROWID"
    )
    db.execute_sql(
        "CREATE TABLE carrying (id INTEGER PRIMARY KEY CHECK (id = 1), office BLOB, reader BLOB,"
        " given_boot INTEGER, given_seconds REAL, given INTEGER NOT NULL,"
        " back_boot INTEGER, back_seconds REAL, back INTEGER NOT NULL)"
    )
