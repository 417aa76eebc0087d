from write_side.schema.sql_migration import sql_migration

ID = "0020"
forwards = sql_migration(ID, "0020_fulfilment.sql")
