"""A scene of the demo world: composed, drawn, made into a photograph."""
