"""From the queue to the channels: claimed, paced, sent, settled, kept."""
