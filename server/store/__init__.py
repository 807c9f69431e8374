"""The registre in SQL: SQLite by default, one dialect of SQLAlchemy Core."""
