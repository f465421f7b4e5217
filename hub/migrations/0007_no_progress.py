"""How far the slow check has come lies with content delivery now."""


def up(migrator, db):
    db.execute_sql("DROP TABLE progress")
