"""Statements, what PSPs pay to our bank, and breaks in the back office. What changes anything is a verb."""
