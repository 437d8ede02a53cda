"""Reading files of seven formats in limited processes of their own."""
