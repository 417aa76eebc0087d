from write_side.schema.sql_migration import sql_migration

ID = "0017"
forwards = sql_migration(ID, "0017_pick_lists.sql")
