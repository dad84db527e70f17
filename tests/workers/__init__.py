"""The host on several worker processes, and browsers so quick that they race."""
