from write_side.schema.sql_migration import sql_migration

ID = "0112"
forwards = sql_migration(ID, "0112_nothing_goes.sql")
