"""The evaluation of citebot: scripts that measure and tune."""
