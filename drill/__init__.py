"""The crash drill: crawls that are killed, starved of disk and locked out, and the laws that hold all the same."""
