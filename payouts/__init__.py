"""Payouts: money leaving for the merchants' banks, in batches that two people stand for."""
