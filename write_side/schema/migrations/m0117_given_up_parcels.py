from write_side.schema.sql_migration import sql_migration

ID = "0117"
forwards = sql_migration(ID, "0117_given_up_parcels.sql")
