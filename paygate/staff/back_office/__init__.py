"""Pages of the back office about the people who work in it."""
