"""What the router shows of itself: listeners to the engine's announcements, and nothing the engine calls."""
