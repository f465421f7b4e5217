"""The technician's visit: first boot, the five answers, and what is left until the box can be left."""
