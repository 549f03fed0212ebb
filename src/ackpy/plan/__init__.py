"""What should happen next: desired and observed, held together, become a decision. Pure: no I/O, no clock."""
