from write_side.schema.sql_migration import sql_migration

ID = "0035c"
forwards = sql_migration(ID, "0035c_booking.sql")
