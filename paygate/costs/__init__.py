"""What PSPs charge us for a payment: what we expect by their price lists, and what they did charge."""
