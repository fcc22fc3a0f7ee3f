"""An invented school: one seeded generator for the demo and, in larger sizes, for the bench (design section 8)."""
