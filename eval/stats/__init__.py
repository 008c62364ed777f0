"""Statistics: intervals, differences, calibration error, agreement."""
