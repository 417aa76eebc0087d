from write_side.schema.sql_migration import sql_migration

ID = "0067"
forwards = sql_migration(ID, "0067_gifts.sql")
