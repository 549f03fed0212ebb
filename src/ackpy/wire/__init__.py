"""How a kind's fields look on the wire: spec and status ⇄ the input and output of AWS operations."""
