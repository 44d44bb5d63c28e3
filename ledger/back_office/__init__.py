"""The books in the back office: to search, to read as a bookkeeper does, to take along. Nobody writes here."""
