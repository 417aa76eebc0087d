from write_side.schema.sql_migration import sql_migration

ID = "0096"
forwards = sql_migration(ID, "0096_parcels_returning.sql")
