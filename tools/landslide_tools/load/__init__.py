"""./landslide load: votes into a lab, and whether each is counted exactly once."""
