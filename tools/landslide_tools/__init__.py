"""What tests Landslide and does not run it: load, chaos, planted bugs, fuzzing."""
