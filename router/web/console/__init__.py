"""The console at /console: what the router does now and did last, and a place to try it. See docs/console.md."""
