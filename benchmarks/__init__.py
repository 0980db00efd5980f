"""How fast, and in how much memory: `make bench` measures here and writes RESULTS.md and results.json."""
