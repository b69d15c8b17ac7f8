"""The results page: the tally, live, whatever the number of viewers."""
