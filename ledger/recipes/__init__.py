"""The recipes: a function for each business event, that an accountant can review without running it."""
