"""What plugin authors test with: a vendor that misbehaves, time that obeys, golden cases, the contract suite."""
