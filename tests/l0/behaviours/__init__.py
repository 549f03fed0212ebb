"""What the contract notes of each service in prose, behaviour by behaviour."""
