"""Scores of translations that do not fit in memory: read in shards, encoded, added up and forgotten."""
