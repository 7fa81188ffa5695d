"""Reading images that another program made: folders, zips, arrays, Parquet."""
