"""Money out in the back office. Django looks for an app's pages here; each has a module of its own."""

from payouts.back_office import bank, batches, destinations, payouts, schedules

__all__ = ["bank", "batches", "destinations", "payouts", "schedules"]
