from write_side.schema.sql_migration import sql_migration

ID = "0038"
forwards = sql_migration(ID, "0038_gift_cards.sql")
