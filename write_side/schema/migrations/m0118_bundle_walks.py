from write_side.schema.sql_migration import sql_migration

ID = "0118"
forwards = sql_migration(ID, "0118_bundle_walks.sql")
