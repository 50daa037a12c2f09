"""Reads data of users: tables, series, pairs, recordings, running text."""
