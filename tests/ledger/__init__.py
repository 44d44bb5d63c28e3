"""The books: what they refuse, what they say, and that they say it whoever else is writing."""
