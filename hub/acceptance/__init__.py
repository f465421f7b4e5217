"""The check at the end of a technician's visit: pass or fail, what to do, a report and the label to hang up."""
