"""The rules that find question–answer pairs in what a file says, whatever its format."""
