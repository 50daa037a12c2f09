"""Backtests: forecasts from several points of the past, each made with what was known then."""
