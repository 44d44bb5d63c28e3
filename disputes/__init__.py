"""Disputes: cases that payers open at their banks, our proof against them, and how they end."""
