"""Teams: who may call, how much, at whose cost."""
