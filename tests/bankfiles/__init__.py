"""The files that go to our bank and come from it."""
