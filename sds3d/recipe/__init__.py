"""Every number of a run, in TOML."""
