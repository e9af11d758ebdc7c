"""Search at scale: a made corpus, the index that follows it, and the latency table beside SQLite's own full text."""
