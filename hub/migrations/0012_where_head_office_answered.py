"""Where head office answered last, for a hub that is told an address at which nobody does."""


def up(migrator, db):
    db.execute_sql("ALTER TABLE uplink ADD COLUMN answered TEXT")
