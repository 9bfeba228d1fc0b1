"""The algorithms, one file each. Importing this package fills the catalogue."""
