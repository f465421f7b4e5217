"""Usage: what each flush wrote, visitors without names, their visits and plays."""


def up(migrator, db):
    # One row for each flush, never changed after; its number is what a visit remembers as last written by.
    db.execute_sql(
        "CREATE TABLE batch (number INTEGER PRIMARY KEY AUTOINCREMENT, epoch INTEGER NOT NULL, boot INTEGER NOT NULL,"
        " began REAL NOT NULL, ended REAL NOT NULL, bytes INTEGER NOT NULL, downloads INTEGER NOT NULL)"
    )
    db.execute_sql("CREATE INDEX batch_ended ON batch (boot, ended)")
    db.execute_sql("CREATE TABLE visitor_key (number INTEGER PRIMARY KEY, month TEXT)")
    db.execute_sql("CREATE TABLE visitor (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, next_hash BLOB UNIQUE)")
    db.execute_sql(
        "CREATE TABLE visit (id INTEGER PRIMARY KEY, visitor INTEGER NOT NULL, epoch INTEGER NOT NULL,"
        " boot INTEGER NOT NULL, first REAL NOT NULL, last REAL NOT NULL, language TEXT, batch INTEGER NOT NULL)"
    )
    db.execute_sql("CREATE INDEX visit_visitor ON visit (visitor)")
    db.execute_sql("CREATE INDEX visit_last ON visit (boot, last)")
    db.execute_sql("CREATE INDEX visit_batch ON visit (batch)")
    # The index on the random play id is written once a play; its rows stay together in order of time.
    db.execute_sql(
        "CREATE TABLE play (number INTEGER PRIMARY KEY, id BLOB NOT NULL, item INTEGER NOT NULL,"
        " visit INTEGER NOT NULL, began REAL NOT NULL, intervals BLOB NOT NULL, heads INTEGER NOT NULL)"
    )
    db.execute_sql("CREATE UNIQUE INDEX play_id ON play (id, item, visit)")
    db.execute_sql("CREATE INDEX play_visit ON play (visit)")
    db.execute_sql("CREATE TABLE dated_boot (boot INTEGER PRIMARY KEY, batch INTEGER NOT NULL)")
    db.execute_sql("CREATE TABLE forgotten (id INTEGER PRIMARY KEY CHECK (id = 1), until TEXT NOT NULL)")
