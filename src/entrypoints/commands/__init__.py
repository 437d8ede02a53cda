"""The commands of `supportrag` that are more than a call of the API, one file each."""
