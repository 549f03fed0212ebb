"""AWS Lambda; `lambda` itself is a word of Python."""
