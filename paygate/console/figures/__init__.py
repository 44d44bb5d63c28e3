"""Figures of the dashboard: counted as the outbox tells, held against the tables of money, made anew from them."""
