from write_side.schema.sql_migration import sql_migration

ID = "0108c"
forwards = sql_migration(ID, "0108c_numbers_beyond_seven_digits.sql")
