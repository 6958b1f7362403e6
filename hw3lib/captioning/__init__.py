"""Chapter P2: the runs side by side, their scores, what differs between them and what that did."""
