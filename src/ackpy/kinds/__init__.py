"""What a kind is: definitions and botocore's service models compiled to data (`Kind`)."""
