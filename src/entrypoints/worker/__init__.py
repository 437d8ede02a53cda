"""The process that does what need not be done while a caller waits."""
