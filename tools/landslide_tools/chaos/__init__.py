"""./landslide chaos: faults in every part of a lab during a vote, and what became of every vote."""
