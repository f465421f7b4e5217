"""Faults done for real: killed processes, full disks, damaged files, strangers who misbehave."""
